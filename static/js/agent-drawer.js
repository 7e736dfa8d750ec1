// An agent opens beside the page it was found on. It has an address of its own: back closes it, reload shows it whole.
import { attempt, fragment } from "./ask.js";
import { ageTimes } from "./shell.js";

const drawer = document.getElementById("agent-drawer");
const body = document.getElementById("agent-drawer-body");
const title = document.title;
const page = document.querySelector(".agent-page") && location.pathname;
let opener = "";
let openId = "";

const idOf = (path) => /^\/agents\/(\d+)\/$/.exec(path)?.[1] ?? "";
const taskIsOpen = () => Boolean(document.getElementById("drawer")?.open);

async function open(id, push = true) {
  if (push) history[openId ? "replaceState" : "pushState"]({ agent: id }, "", `/agents/${id}/`);
  openId = id;
  if (!drawer.open) {
    body.replaceChildren(fragment('<div class="loading" role="status">Loading</div>'));
    drawer.show();
  }
  const html = await attempt(`/agents/${id}/`);
  if (openId !== id) return;
  if (html === undefined) return closeAgent();
  body.replaceChildren(fragment(html));
  ageTimes(body);
  document.dispatchEvent(new CustomEvent("mc:agent-opened"));
  mark(id);
  const name = body.querySelector(".agent-name");
  document.title = `${body.querySelector(".agent").dataset.name} · Mission Control`;
  if (!taskIsOpen()) name.focus();
}

function mark(id) {
  document.querySelectorAll(".strip.open").forEach((strip) => strip.classList.remove("open"));
  if (id) document.querySelector(`#agent-${id}, #budget-of-${id}`)?.classList.add("open");
}

export function closeAgent() {
  if (!openId) return;
  if (history.state?.agent) history.back();
  else shut();
}

function shut() {
  const strip = document.querySelector(`#agent-${openId} .fleet-name a, #budget-of-${openId} > a`);
  openId = "";
  document.title = title;
  drawer.close();
  body.replaceChildren();
  mark("");
  (document.querySelector(opener || "#none") ?? strip)?.focus({ preventScroll: true });
  opener = "";
}

addEventListener("popstate", () => {
  // A page that was loaded at this address cannot show what was there before.
  if (page && location.pathname !== page && !location.pathname.startsWith("/tasks/")) return location.reload();
  if (!drawer) return;
  const id = idOf(location.pathname);
  if (id && id !== openId) open(id, false);
  else if (!id && openId && !location.pathname.startsWith("/tasks/")) shut();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (event.target.closest("[data-shut-agent]")) return closeAgent();
  if (!link || !drawer || "whole" in link.dataset || link.origin !== location.origin || !idOf(link.pathname)) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const holder = link.closest("[id]");
  if (!openId && holder && !drawer.contains(link)) opener = `#${CSS.escape(holder.id)} a[href="${link.getAttribute("href")}"]`;
  open(idOf(link.pathname));
});

// Before the task's drawer, which closes itself with the same key: only what lies on top is closed.
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || taskIsOpen()) return;
    if (document.querySelector("dialog:modal, [popover]:popover-open")) return;
    if (drawer?.open) closeAgent();
  },
  true,
);
