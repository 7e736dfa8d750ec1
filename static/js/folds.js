// What is read only when somebody unfolds it: filled on the first look, and brought up to date with the task from then on.
import { ask, attempt, fragment } from "./ask.js";
import { morph } from "./morph.js";
import { ageTimes } from "./shell.js";

// "before" is what was there before the task changed: nobody is torn from what they read, the next look shows it.
const isFilled = (lazy) => lazy.dataset.loaded === "yes";
const isShown = (lazy) => !lazy.closest("details:not([open])");

async function fill(lazy) {
  if (isFilled(lazy)) return;
  lazy.dataset.loaded = "yes";
  lazy.setAttribute("aria-busy", "true");
  const html = await attempt(lazy.dataset.lazy);
  lazy.removeAttribute("aria-busy");
  if (html === undefined) return void delete lazy.dataset.loaded;
  lazy.replaceChildren(fragment(html));
  ageTimes(lazy);
}

// A list of ticks is looked at, not read from top to bottom.
const isOld = (lazy) => !isFilled(lazy) && lazy.querySelector(".checklist");
const lazies = (place) => [...place.querySelectorAll("[data-lazy]")];

// Toggles do not bubble.
document.addEventListener(
  "toggle",
  ({ target }) => {
    if (!target.open || !target.closest(".task")) return;
    // Frames that came while it was folded were not followed.
    lazies(target).filter(isShown).forEach((lazy) => (isFilled(lazy) && isList(lazy) ? follow(lazy).catch(() => {}) : fill(lazy)));
  },
  true,
);

const isList = (lazy) => lazy.querySelector("[data-rows]");

/** Look again at the lists that are unfolded. What is stored behind a line does not change. */
export async function followFolds(task) {
  const lists = lazies(task).filter((lazy) => lazy.dataset.loaded && isShown(lazy) && isList(lazy));
  await Promise.all(lists.map(follow));
  lazies(task).filter((lazy) => isShown(lazy) && (!lazy.dataset.loaded || isOld(lazy))).forEach(fill);
}

async function follow(lazy) {
  const fresh = document.createElement("div");
  fresh.append(fragment(await ask(lazy.dataset.lazy)));
  const list = lazy.querySelector("[data-rows]");
  const button = list?.nextElementSibling;
  const news = fresh.querySelector("[data-rows]");
  if (!list || !news) return lazy.replaceChildren(...fresh.childNodes);
  const older = news.nextElementSibling;
  morph(list, news);
  // Who has read further down goes on from there.
  if (!list.hasAttribute("data-longer")) {
    if (button && older) button.dataset.older = older.dataset.older;
    else if (button) button.remove();
    else if (older) list.after(older);
  }
  ageTimes(lazy);
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-older], [data-earlier], [data-instead]");
  if (!button || button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  const html = await attempt(button.dataset.older ?? button.dataset.earlier ?? button.dataset.instead);
  button.removeAttribute("aria-busy");
  if (html === undefined) return;
  if (button.dataset.older) addOlder(button, fragment(html));
  else if (button.dataset.earlier) addEarlier(button, fragment(html));
  else showInstead(button, fragment(html));
});

function addOlder(button, page) {
  const list = button.previousElementSibling;
  const rows = [...page.querySelector("[data-rows]").children].filter((row) => !has(list, row));
  const next = page.querySelector("[data-older]");
  list.append(...rows);
  if (next) button.dataset.older = next.dataset.older;
  else button.remove();
  ageTimes(list);
  rows[0]?.querySelector("summary, a, button")?.focus({ preventScroll: true });
}

const has = (list, row) => [...list.children].some((known) => known.dataset.key === row.dataset.key);

/** Above what is read, which stays where it is on the screen. */
function addEarlier(button, page) {
  const list = button.parentElement.querySelector("[data-rows]");
  const scroll = button.closest(".task-scroll");
  const holder = scroll.scrollHeight > scroll.clientHeight + 1 ? scroll : scroll.closest(".task-columns");
  const below = holder.scrollHeight - holder.scrollTop;
  const rows = [...page.querySelector("[data-rows]").children].filter((row) => !has(list, row));
  const next = page.querySelector("[data-earlier]");
  list.prepend(...rows);
  if (next) button.dataset.earlier = next.dataset.earlier;
  else button.remove();
  ageTimes(list);
  holder.scrollTop = holder.scrollHeight - below;
  if (!next) rows[0]?.querySelector("button, a, summary")?.focus({ preventScroll: true });
}

/** Change the thread by `change`; whoever went back to its earlier parts goes on from there. */
export function keepEarlier(part, change) {
  const before = part.querySelector("[data-earlier]")?.dataset.earlier;
  change();
  const button = part.querySelector("[data-earlier]");
  if (!button || !part.querySelector("[data-rows][data-longer]")) return;
  if (before) button.dataset.earlier = before;
  else button.remove();
}

function showInstead(button, page) {
  const old = button.closest(".document");
  const fresh = page.querySelector(".document");
  old.replaceWith(fresh);
  ageTimes(fresh);
  fresh.querySelector("pre")?.focus({ preventScroll: true });
}
