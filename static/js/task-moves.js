// Moves of a task by hand: the form of a move opens below its button, asks for what the move needs, and stays as it is
// while the task changes around it.
import { ask, attempt, fragment, Refused } from "./ask.js";
import { renew } from "./task.js";

const placeOf = (task) => task.querySelector("[data-move-place]");
const buttonOf = (task) => task.querySelector('[data-move][aria-expanded="true"]');

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  const task = button?.closest(".task");
  if (!task) return;
  if (button.dataset.move) {
    if (button.getAttribute("aria-expanded") === "true") drop(task);
    else open(task, button);
  }
  if ("dropMove" in button.dataset) drop(task);
  if ("another" in button.dataset) addLine(button);
});

async function open(task, button) {
  const reason = placeOf(task).querySelector("[name=reason]")?.value;
  const html = await attempt(button.dataset.move);
  if (html === undefined) return;
  buttonOf(task)?.removeAttribute("aria-expanded");
  button.setAttribute("aria-expanded", "true");
  const form = put(task, html);
  if (reason) form.elements.reason.value ||= reason;
  (form.querySelector("input:not([type=hidden]), textarea") ?? form).focus();
}

function put(task, html) {
  const place = placeOf(task);
  place.replaceChildren(fragment(html));
  return place.querySelector("form");
}

function drop(task) {
  const button = buttonOf(task);
  placeOf(task).replaceChildren();
  button?.removeAttribute("aria-expanded");
  (button ?? task.querySelector(".task-scroll")).focus();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-move-form]")) return;
  event.preventDefault();
  if (form.dataset.sent) return;
  form.dataset.sent = "yes";
  const task = form.closest(".task");
  try {
    const html = await ask(form.getAttribute("action"), new FormData(form));
    drop(task);
    renew(task, html);
    if (!task.contains(document.activeElement)) (task.querySelector("[data-move]") ?? task.querySelector(".task-scroll")).focus();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.html) showProblems(task, error.html);
    else tellProblem(form, error.message);
  }
  delete form.dataset.sent;
});

function showProblems(task, html) {
  const form = put(task, html);
  const problem = form.querySelector(".problem");
  const field = problem?.closest("fieldset")?.querySelector("input, textarea") ?? form.elements.reason;
  (form.querySelector('[aria-invalid="true"]') ?? field).focus();
}

function tellProblem(form, words) {
  const line = document.createElement("p");
  line.className = "problem";
  line.textContent = words;
  form.querySelector("#problem-move").replaceChildren(line);
}

function addLine(button) {
  const last = button.previousElementSibling;
  const n = Number(last.querySelector("[type=checkbox]").value) + 1;
  const line = last.cloneNode(true);
  const [tick, label, note] = line.querySelectorAll("input");
  tick.value = n;
  tick.checked = false;
  label.value = note.value = "";
  tick.setAttribute("aria-label", `Line ${n + 1} is checked`);
  label.setAttribute("aria-label", `Line ${n + 1}`);
  note.setAttribute("aria-label", `Note on line ${n + 1}`);
  last.after(line);
  label.focus();
}

// Escape closes the form first, the drawer after it: heard before the drawer hears it.
document.addEventListener(
  "keydown",
  (event) => {
    const form = event.key === "Escape" && event.target.closest?.("[data-move-form]");
    if (!form) return;
    event.preventDefault();
    drop(form.closest(".task"));
  },
  true,
);
