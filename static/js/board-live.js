// News of tasks: only the cards that changed are fetched again; a flood fetches the columns instead.
import { ask, attempt } from "./ask.js";
import { board, listOf, loadMore, plain, query, readMarks, takeOver } from "./board-cards.js";
import { onFrames } from "./live.js";
import { ageTimes } from "./shell.js";

const MANY = 60;
const FIGURES = 5000;
const IN_WORK = 20;
const changed = new Set();
let all = false;
let busy = false;
let held = false;
let figuresAt = Date.now();

onFrames((frames) => {
  for (const frame of frames) {
    if (frame.type === "resync") all = true;
    else if (frame.type.startsWith("task.")) changed.add(frame.data.id);
    else if (frame.type === "comment.created") changed.add(frame.data.task_id);
  }
  if (frames.some((frame) => frame.type === "tick") && Date.now() - figuresAt > FIGURES) followFigures();
  if (changed.size > MANY) all = true;
  update();
});

/** What is in work costs more by the minute, without an event. */
function followFigures() {
  figuresAt = Date.now();
  const cards = [...listOf("in_progress").querySelectorAll(".card")].slice(0, IN_WORK);
  for (const card of cards) changed.add(Number(card.dataset.id));
}

/** While a card is in the hand nothing may move under it. */
export function hold(on) {
  held = on;
  if (!on) update();
}

async function update() {
  if (busy || held || !(all || changed.size)) return;
  busy = true;
  const ids = [...changed];
  const everything = all;
  changed.clear();
  all = false;
  try {
    if (everything) await fetchColumns();
    else await fetchCards(ids);
  } catch {
    if (everything) all = true;
    ids.forEach((id) => changed.add(id));
    await new Promise((done) => setTimeout(done, 2000));
  }
  busy = false;
  // What came meanwhile goes together; after a full fetch the flood gets a breath.
  if (all || changed.size) setTimeout(update, everything ? 1000 : 0);
}

async function fetchCards(ids) {
  const asked = query();
  const html = await ask(`/board/cards/${ids.join(",")}/?${asked}`);
  // The filter may have changed on the way; the columns are then fetched for the new one.
  if (asked === query()) takeOver(html, ids);
}

let turn = 0;

export async function fetchColumns() {
  const mine = ++turn;
  board.setAttribute("aria-busy", "true");
  const focused = document.activeElement?.closest?.(".card")?.id;
  const tops = [...board.querySelectorAll(".bay-scroll")].map((scroll) => scroll.scrollTop);
  const html = await ask(`/?${query()}`).finally(() => mine === turn && board.removeAttribute("aria-busy"));
  if (mine !== turn) return;
  const old = new Map([...board.querySelectorAll(".card")].map((card) => [card.id, plain(card)]));
  board.innerHTML = html;
  board.querySelectorAll(".bay-scroll").forEach((scroll, place) => (scroll.scrollTop = tops[place] ?? 0));
  for (const card of board.querySelectorAll(".card")) {
    if (old.size && old.has(card.id) && old.get(card.id) !== plain(card)) card.classList.add("changed");
  }
  readMarks();
  ageTimes(board);
  document.dispatchEvent(new CustomEvent("mc:columns"));
  if (focused) document.getElementById(focused)?.querySelector("a").focus({ preventScroll: true });
}

board.addEventListener("click", (event) => {
  const button = event.target.closest("[data-load-more]");
  if (button) loadMore(button.closest(".bay").querySelector(".bay-list"), attempt);
});
