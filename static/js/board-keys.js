// The board without a mouse: h j k l walk, with Shift they carry the card; m moves, a assigns, c comments.
import { board, cardOf, cardsIn, columnOf, listOf, mayChange } from "./board-cards.js";
import { carry } from "./board-move.js";
import { isOpen, openTask } from "./drawer.js";

const menu = document.getElementById("move-menu");
const columns = [...board.querySelectorAll(".bay")].map((bay) => bay.dataset.column);
let chosen = "";

const focused = () => document.activeElement?.closest?.(".card") ?? null;
const current = () => focused() ?? cardOf(chosen);

function go(card) {
  if (!card) return;
  card.querySelector("a").focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function walk(by) {
  const card = current();
  if (!card) return go(board.querySelector(".card"));
  const cards = [...cardsIn(card.parentElement)];
  go(cards[cards.indexOf(card) + by]);
}

/** To the nearest column that has cards, at about the same height. */
function cross(by) {
  const card = current();
  if (!card) return go(board.querySelector(".card"));
  const row = [...cardsIn(card.parentElement)].indexOf(card);
  for (let at = columns.indexOf(columnOf(card)) + by; columns[at]; at += by) {
    const cards = cardsIn(listOf(columns[at]));
    if (cards.length) return go(cards[Math.min(row, cards.length - 1)]);
  }
}

function carryAcross(by) {
  const card = current();
  const column = card && columns[columns.indexOf(columnOf(card)) + by];
  if (column) carry(card, { column });
}

function openMenu() {
  const card = current();
  if (!card) return;
  chosen = card.dataset.id;
  const { left, bottom } = card.getBoundingClientRect();
  menu.style.left = `${Math.min(left + 12, innerWidth - 220)}px`;
  menu.style.top = `${Math.min(bottom - 8, innerHeight - 230)}px`;
  menu.showPopover();
  menu.querySelector(`[data-to="${columnOf(card)}"]`).focus();
}

menu?.addEventListener("click", (event) => {
  const item = event.target.closest("[data-to]");
  if (!item) return;
  menu.hidePopover();
  const card = cardOf(chosen);
  if (card) carry(card, { column: item.dataset.to });
});

menu?.addEventListener("keydown", (event) => {
  const items = [...menu.querySelectorAll("[data-to]")];
  const at = items.indexOf(document.activeElement);
  if (["ArrowDown", "j"].includes(event.key)) items[(at + 1) % items.length].focus();
  else if (["ArrowUp", "k"].includes(event.key)) items.at(at - 1).focus();
  else if (items[Number(event.key) - 1]) items[Number(event.key) - 1].click();
  else return;
  event.preventDefault();
  event.stopPropagation();
});

menu?.addEventListener("toggle", (event) => {
  if (event.newState === "closed" && !document.activeElement?.closest(".card")) go(cardOf(chosen));
});

const open = (focus) => current() && openTask(current().dataset.id, { focus });
const KEYS = {
  j: () => walk(1),
  k: () => walk(-1),
  h: () => cross(-1),
  l: () => cross(1),
  c: () => open("[data-say] textarea"),
};
const CHANGES = {
  J: () => current() && carry(current(), { by: 1 }),
  K: () => current() && carry(current(), { by: -1 }),
  H: () => carryAcross(-1),
  L: () => carryAcross(1),
  m: openMenu,
  a: () => open('[name="assigned_to"]'),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog:modal, [popover]") || (isOpen() && event.target.closest("#drawer"))) return;
  const press = KEYS[event.key] ?? (mayChange && CHANGES[event.key]);
  if (!press) return;
  event.preventDefault();
  press();
});

board.addEventListener("focusin", (event) => (chosen = event.target.closest(".card")?.dataset.id ?? chosen));
