// Inside a task: answers of its forms and news of the stream change what differs, but never what somebody is typing.
import { attempt, ask, fragment } from "./ask.js";
import { countDown, decide, tell } from "./deciding.js";
import { closeTask } from "./drawer.js";
import { followFolds, keepEarlier } from "./folds.js";
import { onFrames } from "./live.js";
import { morph } from "./morph.js";
import { ageTimes } from "./shell.js";
import { toast } from "./toast.js";

const REST = 300;
const IN_WORK = 10000;
const taskOf = (element) => element.closest(".task");

/** Take over what changed in `html`; a text that is being edited stays, unless `force` names its part. */
export function renew(task, html, force = "") {
  const fresh = fragment(html).querySelector(".task");
  if (!fresh) return;
  for (const part of task.querySelectorAll("[data-part]")) {
    const name = part.dataset.part;
    const other = fresh.querySelector(`[data-part="${name}"]`);
    if (!other || (name !== force && part.querySelector("[data-edits]"))) continue;
    if (name === force && part.querySelector("[data-edits]")) part.replaceChildren(...other.childNodes);
    else keepEarlier(part, () => morph(part, other));
    htmx.process(part);
    ageTimes(part);
  }
  countDown(task);
  const said = [...fresh.querySelectorAll("[data-said]")].map((line) => line.textContent);
  if (said.length) toast(said.join(" "), { tone: "waiting" });
}

onFrames((frames) => {
  for (const task of document.querySelectorAll(".task")) {
    const id = Number(task.dataset.task);
    if (frames.some((f) => f.type === "task.deleted" && f.data.id === id)) gone(task);
    else if (frames.some((f) => concerns(f, id))) refresh(task);
  }
});

function concerns({ type, data }, id) {
  // After a pause the stream repeats what has frames; runs, documents and approvals have none.
  if (type === "resync" || type === "connected") return true;
  if (type === "tick") return Boolean(data?.tasks.includes(id));
  if (type.startsWith("task.")) return data.id === id;
  return type === "comment.created" && data.task_id === id;
}

const underRefresh = new Map();

/** One look at a time, and one more after the last piece of news. */
async function refresh(task) {
  if (underRefresh.has(task)) return void underRefresh.set(task, true);
  underRefresh.set(task, false);
  try {
    renew(task, await ask(task.dataset.address));
    await followFolds(task);
  } catch {
    // The next frame tries again.
  }
  setTimeout(() => {
    const again = underRefresh.get(task);
    underRefresh.delete(task);
    if (again && task.isConnected) refresh(task);
  }, REST);
}

// What a run costs is corrected without an event; approvals run out by themselves.
setInterval(() => {
  if (document.hidden) return;
  for (const task of document.querySelectorAll(".task")) {
    if (countDown(task) || task.querySelector('.task-head [data-tone="working"]')) refresh(task);
  }
}, IN_WORK);

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
  else if (!underWay) renew(task, html);
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
  if ("say" in form.dataset) task.querySelector(".thread > [data-rows]").lastElementChild?.scrollIntoView({ block: "nearest" });
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

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const task = form.matches(".request-form") && taskOf(form);
  if (!task) return;
  event.preventDefault();
  const item = form.closest(".request");
  const decided = await decide(form, event.submitter, { refused: () => refresh(task) });
  if (!decided) return;
  form.classList.remove("typed");
  renew(task, decided.html);
  followFolds(task);
  tell(decided, item.isConnected);
  if (!item.isConnected) (task.querySelector(".request-name") ?? task.querySelector(".task-scroll")).focus({ preventScroll: true });
});

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
