// What an agent says and does, live: the stream says that it has spoken, and its transcript is brought up to date in place.
import { ask, attempt, fragment } from "./ask.js";
import { onFrames } from "./live.js";
import { morph } from "./morph.js";
import { paced } from "./pace.js";
import { ageTimes } from "./shell.js";

// Beyond so many rows, those that nobody looks at go.
const MOST_ROWS = 500;
const NEAR = 32;
const holders = () => [...document.querySelectorAll("[data-transcript]")];
const boxOf = (holder) => holder.querySelector(".said-box");
const isAtEnd = (box) => !box || box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;

const toEnd = (holder) => {
  const box = boxOf(holder);
  if (box) box.scrollTop = box.scrollHeight;
};

function show(holder, html, { stay = isAtEnd(boxOf(holder)) } = {}) {
  const fresh = holder.cloneNode(false);
  fresh.append(fragment(html));
  const isLong = holder.querySelectorAll(".said > li").length > MOST_ROWS;
  const before = holder.querySelector("[data-before]")?.dataset.before;
  if (stay && isLong) holder.replaceChildren(...fresh.childNodes);
  else morph(holder, fresh);
  keepEarlier(holder, before);
  ageTimes(holder);
  if (stay) toEnd(holder);
}

/** Whoever went back goes on from there. */
function keepEarlier(holder, before) {
  const button = holder.querySelector("[data-before]");
  if (!button || !holder.querySelector(".said[data-longer]")) return;
  if (before) button.dataset.before = before;
  else button.remove();
}

const refresh = paced(async () => {
  for (const holder of holders()) {
    const html = await ask(holder.dataset.transcript);
    if (holder.isConnected) show(holder, html);
  }
});

const idOf = (holder) => Number(holder.closest(".agent").dataset.agent);
const isNews = (frame, id) =>
  frame.type === "resync" || frame.type === "workspace.reset" || (frame.type === "tick" && frame.data?.speaking?.includes(id));

onFrames((frames) => {
  if (holders().some((holder) => frames.some((frame) => isNews(frame, idOf(holder))))) refresh();
});

document.addEventListener("mc:agent-opened", refresh);

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-heard]");
  if (!form) return;
  event.preventDefault();
  const holder = form.closest(".transcript").querySelector("[data-transcript]");
  const area = form.querySelector("textarea");
  const html = await attempt(form.getAttribute("action"), new FormData(form, event.submitter));
  if (html === undefined) return refresh();
  if (area) area.value = "";
  show(holder, html, { stay: true });
  if (!form.isConnected) boxOf(holder)?.focus({ preventScroll: true });
});

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-before]");
  if (!button || button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  const html = await attempt(button.dataset.before);
  button.removeAttribute("aria-busy");
  if (html !== undefined && button.isConnected) addEarlier(button, fragment(html));
});

/** Above what is read, which stays where it is. */
function addEarlier(button, page) {
  const box = button.closest(".said-box");
  const list = box.querySelector(".said");
  const next = page.querySelector("[data-before]");
  const below = box.scrollHeight - box.scrollTop;
  const known = new Set([...list.children].map((row) => row.dataset.key));
  list.prepend(...[...page.querySelector(".said").children].filter((row) => !known.has(row.dataset.key)));
  list.setAttribute("data-longer", "");
  if (next) button.dataset.before = next.dataset.before;
  else button.remove();
  ageTimes(list);
  box.scrollTop = box.scrollHeight - below;
}

holders().forEach((holder) => (holder.firstElementChild ? toEnd(holder) : refresh()));
