// Steering agents: each deed in one dialog that says what it will bring about, asked for from a strip, a row or a page.
import { ask, attempt, fragment, Refused } from "./ask.js";
import { toast } from "./toast.js";

const dialog = document.getElementById("steering");
const body = document.getElementById("steering-body");
const menu = document.getElementById("steer-menu");
let opener = "";
let chosen = null;

/** What was open may be drawn anew meanwhile: it is found again by its id, or by its place in an element with one. */
function pathTo(element) {
  if (!element || element === document.body) return "";
  if (element.id) return `#${CSS.escape(element.id)}`;
  const holder = element.closest("[id]");
  const mark = ["data-steer", "data-form"].find((name) => element.hasAttribute(name));
  if (!holder || !mark) return "";
  const value = element.getAttribute(mark);
  return `#${CSS.escape(holder.id)} [${mark}${value ? `="${CSS.escape(value)}"` : ""}]`;
}

const back = () => opener && document.querySelector(opener)?.focus({ preventScroll: true });

/** Ask the server for the form; what it refuses is told at once. */
export async function openForm(address, from = document.activeElement) {
  if (!dialog) return;
  opener = pathTo(from);
  const html = await attempt(address);
  if (html === undefined) return;
  body.replaceChildren(fragment(html));
  dialog.showModal();
  (body.querySelector("[autofocus]") ?? body.querySelector('[type="submit"]')).focus();
}

const steer = (id, action, from) => openForm(`/agents/${id}/control/?action=${action}`, from);

async function send(form) {
  const button = form.querySelector('[type="submit"]');
  const problem = form.querySelector(".problem");
  const { agent, name, undo, told } = form.dataset;
  button.disabled = true;
  problem.hidden = true;
  try {
    const words = await ask(form.getAttribute("action"), new FormData(form));
    dialog.close();
    say(agent, name, told ?? words, undo);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    problem.textContent = error.message;
    problem.hidden = false;
    form.querySelector(".input")?.focus();
  } finally {
    button.disabled = false;
  }
}

function say(agent, name, words, undo) {
  toast(words, undo ? { action: "Resume", onAction: () => resume(agent) } : {});
  document.dispatchEvent(new CustomEvent("mc:steered", { detail: { agent: Number(agent), name } }));
}

/** Resuming harms nothing and needs no question. */
async function resume(agent) {
  const words = await attempt(`/agents/${agent}/control/`, { action: "RESUME" });
  if (words !== undefined) say(agent, "", words);
}

dialog?.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target);
});
dialog?.addEventListener("close", () => {
  body.replaceChildren();
  back();
});

function openMenu(button) {
  chosen = button.closest("[data-id]");
  opener = pathTo(button);
  const open = chosen.dataset.doings.split(" ");
  menu.querySelector(".menu-note").textContent = chosen.dataset.name;
  for (const item of items()) item.disabled = !open.includes(item.dataset.action);
  const { right, bottom, top } = button.getBoundingClientRect();
  menu.showPopover();
  const below = bottom + 4 + menu.offsetHeight < innerHeight;
  menu.style.left = `${Math.max(8, right - menu.offsetWidth)}px`;
  menu.style.top = `${below ? bottom + 4 : Math.max(8, top - 4 - menu.offsetHeight)}px`;
  items().find((item) => !item.disabled)?.focus();
}

const items = () => [...menu.querySelectorAll("[data-action]")];

menu?.addEventListener("click", (event) => {
  const item = event.target.closest("[data-action]");
  if (!item) return;
  const from = document.querySelector(opener);
  menu.hidePopover();
  if (item.dataset.action === "RESUME") resume(chosen.dataset.id).then(back);
  else steer(chosen.dataset.id, item.dataset.action, from);
});

menu?.addEventListener("keydown", (event) => {
  const open = items().filter((item) => !item.disabled);
  const at = open.indexOf(document.activeElement);
  if (["ArrowDown", "j"].includes(event.key)) open[(at + 1) % open.length].focus();
  else if (["ArrowUp", "k"].includes(event.key)) open.at(at - 1).focus();
  else if (event.key === "Home") open[0].focus();
  else if (event.key === "End") open.at(-1).focus();
  else if (event.key === "Tab") menu.hidePopover();
  else return;
  if (event.key !== "Tab") event.preventDefault();
  event.stopPropagation();
});

menu?.addEventListener("toggle", (event) => {
  if (event.newState === "closed" && (!document.activeElement || document.activeElement === document.body || menu.contains(document.activeElement))) back();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("shut" in button.dataset && dialog?.contains(button)) dialog.close();
  if ("steer" in button.dataset) openMenu(button);
  if (button.dataset.form) openForm(button.dataset.form, button);
  const agent = button.closest(".agent");
  if (!agent || !button.dataset.action) return;
  if (button.dataset.action === "RESUME") resume(agent.dataset.agent);
  else steer(agent.dataset.agent, button.dataset.action, button);
});
