// Moving a card: at once on the page, then on the server; what the server says stands.
import { ask, Refused } from "./ask.js";
import { cardOf, cardsIn, columnOf, listOf, query, takeOver } from "./board-cards.js";
import { toast } from "./toast.js";

const names = (column) => document.getElementById(`bay-${column}`).textContent;
const beside = (card, way) => {
  const other = card[way];
  return other?.classList.contains("card") ? other.dataset.id : "";
};

/** Where a card stands, so that it can be put back. */
export const standing = (card) => ({
  column: columnOf(card),
  above: beside(card, "previousElementSibling"),
  below: beside(card, "nextElementSibling"),
});

/** Tell the server where the card now lies on the page. */
export async function settle(card, was) {
  const id = card.dataset.id;
  const now = standing(card);
  if (now.column === was.column && now.above === was.above && now.below === was.below) return;
  card.classList.add("saving");
  if (!(await send(id, now))) return;
  if (now.column !== was.column) tell(id, was, now.column);
}

function tell(id, was, column) {
  const ref = cardOf(id)?.querySelector(".callsign").textContent ?? "The card";
  const words = column === "done" ? `${ref} approved and done` : `${ref} moved to ${names(column)}`;
  toast(words, { action: "Undo", onAction: () => send(id, was) });
}

async function send(id, { column, above, below }) {
  try {
    takeOver(await ask(`/board/cards/${id}/move/?${query()}`, { column, above, below }), [id]);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(`${error.message} The card is back where it was.`, { tone: "error" });
    putBack(id);
    return false;
  }
}

async function putBack(id) {
  cardOf(id)?.classList.remove("saving");
  try {
    takeOver(await ask(`/board/cards/${id}/?${query()}`), [id]);
  } catch {
    // The stream brings the card to its place when the server is back.
  }
}

/** To the top of a column, or one place up or down. */
export function carry(card, { column = "", by = 0 }) {
  const was = standing(card);
  const link = card.querySelector("a");
  if (column && column !== was.column) {
    const list = listOf(column);
    list.insertBefore(card, cardsIn(list)[0] ?? null);
  } else if (by < 0) card.previousElementSibling?.before(card);
  else if (by > 0) card.nextElementSibling?.after(card);
  link.focus();
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  return settle(card, was);
}
