// Inside a task: answers of its forms and news of the stream replace its parts, but never what somebody is typing.
import { attempt, ask, fragment } from "./ask.js";
import { closeTask } from "./drawer.js";
import { ofApprovals, onFrames } from "./live.js";
import { ageTimes } from "./shell.js";
import { toast } from "./toast.js";

const taskOf = (element) => element.closest(".task");
const isBusy = (part) =>
  part.contains(document.activeElement) && part.dataset.part !== "head" && part.dataset.part !== "thread"
  || part.querySelector("[data-edits]");

/** Take over what changed in `html`; parts in use stay, unless `force` names them. */
export function renew(task, html, force = "") {
  const fresh = fragment(html).querySelector(".task");
  if (!fresh) return;
  for (const part of task.querySelectorAll("[data-part]")) {
    const name = part.dataset.part;
    const other = fresh.querySelector(`[data-part="${name}"]`);
    if (!other || (name !== force && isBusy(part)) || same(part, other)) continue;
    const held = part.contains(document.activeElement) ? document.activeElement : null;
    const again = held?.id ? `#${held.id}` : held?.dataset.reply ? `[data-reply="${held.dataset.reply}"]` : "";
    part.replaceChildren(...other.childNodes);
    htmx.process(part);
    ageTimes(part);
    if (again) part.querySelector(again)?.focus();
  }
}

const plain = (part) => part.innerHTML.replace(/>[^<]*<\/time>/g, "></time>");
const same = (one, other) => plain(one) === plain(other);

onFrames((frames) => {
  for (const task of document.querySelectorAll(".task")) {
    const id = Number(task.dataset.task);
    if (frames.some((f) => f.type === "task.deleted" && f.data.id === id)) gone(task);
    else if (frames.some((f) => f.type === "resync" || concerns(f, id))) refresh(task);
  }
});

function concerns(frame, id) {
  if (ofApprovals(frame)) return true;
  if (frame.type.startsWith("task.")) return frame.data.id === id;
  return frame.type === "comment.created" && frame.data.task_id === id;
}

async function refresh(task) {
  try {
    renew(task, await ask(task.dataset.address));
  } catch {
    // The next frame tries again.
  }
}

function gone(task) {
  toast(`${task.querySelector(".callsign").textContent} was deleted.`, { tone: "waiting" });
  if (task.closest("#drawer")) closeTask();
}

// Each fact is sent alone, so that a stale form never resets what somebody else has changed.
let underWay = 0;
document.addEventListener("change", async ({ target }) => {
  const form = target.closest("[data-facts]");
  const task = form && taskOf(form);
  if (!task) return;
  underWay++;
  const html = await attempt(form.getAttribute("action"), { [target.name]: target.value });
  underWay--;
  if (html === undefined) form.reset();
  else if (!underWay) renew(task, html, target.matches("select") ? "facts" : "");
});

// What forms inside a task answer (htmx sends them; nothing is swapped by itself).
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = detail.elt;
  const task = form.isConnected && taskOf(form);
  if (!task || !(form instanceof HTMLFormElement)) return;
  const problem = form.querySelector(".problem");
  if (!detail.successful) {
    const words = detail.xhr.status && detail.xhr.responseText.length < 500 ? detail.xhr.responseText : "The server does not answer. Your text is kept.";
    return showProblem(problem, words);
  }
  if (problem) problem.hidden = true;
  if ("say" in form.dataset) said(form);
  renew(task, detail.xhr.responseText, "edits" in form.dataset ? "text" : "");
  if ("say" in form.dataset) task.querySelector(".task-scroll").scrollTop = 1e9;
});

function showProblem(problem, words) {
  problem.textContent = words;
  problem.hidden = false;
}

function said(form) {
  form.reset();
  notAReply(form);
}

function notAReply(form) {
  form.elements.parent.value = "";
  form.querySelectorAll("[data-replying], [data-no-reply]").forEach((element) => (element.hidden = true));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  const task = button && taskOf(button);
  if (!task) return;
  const form = task.querySelector("[data-say]");
  if (button.dataset.reply) {
    form.elements.parent.value = button.dataset.reply;
    form.querySelectorAll("[data-replying], [data-no-reply]").forEach((element) => (element.hidden = false));
    form.querySelector("[data-replying]").textContent = `Replying to ${button.dataset.author}`;
    form.elements.content.focus();
  }
  if ("noReply" in button.dataset) notAReply(form);
  if ("dropEdit" in button.dataset) renew(task, (await attempt(task.dataset.address)) ?? "", "text");
  if (button.dataset.delete && confirm(`Delete ${button.dataset.name} for good, with its comments?`)) {
    if ((await attempt(button.dataset.delete, { sure: "yes" })) === undefined) return;
    if (task.closest("#drawer")) closeTask();
    else location.assign("/");
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form?.requestSubmit();
});
