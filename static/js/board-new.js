// Writing a task. What was typed stays until the server has it.
import { ask, Refused } from "./ask.js";
import { cardOf, query, takeOver } from "./board-cards.js";
import { openDialog } from "./shell.js";
import { toast } from "./toast.js";

const dialog = document.getElementById("new-task");
const form = document.getElementById("new-task-form");

export function writeNew(column = "") {
  if (!dialog) return;
  if (column) form.elements.column.value = column;
  openDialog("new-task");
  form.elements.title.focus();
}

async function create(event) {
  event.preventDefault();
  const problem = form.querySelector(".problem");
  const button = form.querySelector(".primary");
  problem.hidden = true;
  button.disabled = true;
  try {
    const html = await ask(`${form.getAttribute("action")}?${query()}`, new FormData(form));
    const id = /data-id="(\d+)"/.exec(html)?.[1];
    takeOver(html, []);
    dialog.close();
    form.reset();
    if (id) cardOf(id)?.querySelector("a").focus();
    if (!id) toast("The task is created. The filter hides it.");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    problem.textContent = error.message;
    problem.hidden = false;
  } finally {
    button.disabled = false;
  }
}

form?.addEventListener("submit", create);
dialog?.addEventListener("click", (event) => event.target.closest("[data-shut]") && dialog.close());

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-new]");
  if (button) writeNew(button.dataset.new);
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog, [popover]");
  if (event.key !== "n" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  writeNew();
});
