// Cards and columns as the page holds them: where a card belongs, what each column counts.
import { fragment } from "./ask.js";
import { ageTimes } from "./shell.js";

const AT_MOST = 200;

export const board = document.getElementById("board");
export const mayChange = Boolean(document.querySelector(".board-page")?.dataset.mayChange);
export const query = () => new URLSearchParams(new FormData(document.getElementById("filters"))).toString();
export const cardOf = (id) => document.getElementById(`card-${id}`);
// A card that moved while the page was being written stands in two columns, until the news of its move is in.
const everywhere = (id) => [...board.querySelectorAll(`#card-${id}`)];
export const listOf = (column) => board.querySelector(`.bay-list[data-column="${column}"]`);
export const columnOf = (card) => card.closest(".bay-list")?.dataset.column;
export const cardsIn = (list) => list.querySelectorAll(".card");

/** Take over an answer of the server: the cards it holds, the ids it was asked for, the counts. */
export function takeOver(html, asked) {
  const answer = fragment(html);
  const held = document.activeElement?.closest?.(".card")?.dataset.id;
  const found = new Set();
  for (const holder of answer.querySelectorAll("ol[data-column]")) {
    const card = holder.firstElementChild;
    found.add(card.dataset.id);
    place(card, listOf(holder.dataset.column));
  }
  for (const id of asked) if (!found.has(String(id))) everywhere(id).forEach((card) => card.remove());
  for (const count of answer.querySelectorAll("[data-count]")) showCount(count.dataset.count, count.value);
  if (held && !document.activeElement?.closest?.(".card")) cardOf(held)?.querySelector("a").focus({ preventScroll: true });
}

/** What is news about a card: neither how old it is by now, nor what it has cost meanwhile. */
export const plain = (card) =>
  card.innerHTML.replace(/<time (datetime="[^"]*")[^<]*<\/time>/, "$1").replace(/<span class="number push">[^<]*<\/span>/, "")
  + card.dataset.place + card.dataset.tone;

function place(card, list) {
  const [old, ...others] = everywhere(card.dataset.id);
  others.forEach((other) => other.remove());
  const moved = !old || old.parentElement !== list || old.dataset.place !== card.dataset.place;
  const news = !old || plain(old) !== plain(card);
  if (old?.classList.contains("open")) card.classList.add("open");
  if (!moved) old.replaceWith(card);
  else {
    old?.remove();
    if (!insert(card, list)) return;
  }
  card.classList.toggle("changed", news);
  ageTimes(card);
}

/** By its place; below the last card that was loaded it stays on the server. */
function insert(card, list) {
  const at = Number(card.dataset.place);
  const id = Number(card.dataset.id);
  const below = [...cardsIn(list)].find((other) => {
    const there = Number(other.dataset.place);
    return there > at || (there === at && Number(other.dataset.id) > id);
  });
  if (!below && hasMore(list)) return false;
  list.insertBefore(card, below ?? null);
  trim(list);
  return true;
}

const moreOf = (list) => list.parentElement.querySelector(".more");
export const hasMore = (list) => !moreOf(list).hidden;

/** A page that stays open for days must not grow for days. */
function trim(list) {
  const cards = cardsIn(list);
  if (cards.length <= Math.max(AT_MOST, Number(list.dataset.loaded ?? 0) + 50)) return;
  for (const card of [...cards].slice(-50)) card.remove();
  moreOf(list).hidden = false;
}

export function showCount(column, number) {
  const count = board.querySelector(`.count[data-count="${column}"]`);
  const words = String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  if (count.textContent !== words) count.textContent = words;
}

/** The mark that the server leaves where a column goes on becomes a button. */
export function readMarks(within = board) {
  for (const list of within.querySelectorAll(".bay-list")) {
    const mark = list.querySelector("[data-more]");
    moreOf(list).hidden = !mark;
    mark?.remove();
  }
}

export async function loadMore(list, ask) {
  const last = [...cardsIn(list)].at(-1);
  const after = `${last.dataset.place},${last.dataset.id}`;
  const html = await ask(`/board/columns/${list.dataset.column}/?after=${after}&${query()}`);
  if (html === undefined) return;
  const fresh = fragment(html);
  for (const card of fresh.querySelectorAll(".card")) everywhere(card.dataset.id).forEach((old) => old.remove());
  list.append(fresh);
  list.dataset.loaded = cardsIn(list).length;
  readMarks(list.parentElement.parentElement);
  ageTimes(list);
}

readMarks();
