// A task opens beside the page it was found on. It has an address of its own: back closes it, reload shows it whole.
import { attempt, fragment } from "./ask.js";
import { ageTimes } from "./shell.js";

const drawer = document.getElementById("drawer");
const body = document.getElementById("drawer-body");
const home = location.pathname + location.search;
const title = document.title;
let opener = null;
let openId = "";

const idOf = (path) => /^\/tasks\/(\d+)\/$/.exec(path)?.[1] ?? "";

export const taskIn = (place = drawer) => place?.querySelector(".task");
export const isOpen = () => Boolean(drawer?.open);

/** Show the task; `focus` is a selector inside it that gets the focus. */
export async function openTask(id, { focus = "", push = true } = {}) {
  if (!drawer) return location.assign(`/tasks/${id}/`);
  opener ??= document.activeElement;
  openId = id;
  if (push) history[drawer.open ? "replaceState" : "pushState"]({ task: id }, "", `/tasks/${id}/`);
  if (!drawer.open) {
    body.replaceChildren(fragment('<div class="loading" role="status">Loading</div>'));
    drawer.show();
  }
  const html = await attempt(`/tasks/${id}/`);
  if (openId !== id) return;
  if (html === undefined) return closeTask();
  body.replaceChildren(fragment(html));
  htmx.process(body);
  ageTimes(body);
  markCard(id);
  const ref = body.querySelector(".callsign").textContent;
  document.title = `${ref} ${body.querySelector(".task-title").textContent} · Mission Control`;
  (body.querySelector(focus || "[data-close]") ?? drawer).focus();
}

function markCard(id) {
  document.querySelectorAll(".card.open").forEach((card) => card.classList.remove("open"));
  document.getElementById(`card-${id}`)?.classList.add("open");
}

export function closeTask() {
  if (!drawer?.open) return;
  if (history.state?.task) history.back();
  else shut();
}

function shut() {
  const card = document.getElementById(`card-${openId}`)?.querySelector("a");
  openId = "";
  document.title = title;
  drawer.close();
  body.replaceChildren();
  markCard("");
  (card ?? opener)?.focus?.();
  opener = null;
}

addEventListener("popstate", () => {
  const id = idOf(location.pathname);
  if (id && drawer) openTask(id, { push: false });
  else if (drawer?.open) shut();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (link && drawer && !("whole" in link.dataset) && link.origin === location.origin && idOf(link.pathname)) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    openTask(idOf(link.pathname));
  }
  if (event.target.closest("[data-close]")) closeTask();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog:modal, [popover]:popover-open")) return;
  closeTask();
});

if (drawer && history.state?.task && !idOf(location.pathname)) history.replaceState(null, "", home);
