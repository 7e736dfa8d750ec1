// The filter lives in the address; the header's search field is part of it on this page.
import { Refused } from "./ask.js";
import { query } from "./board-cards.js";
import { fetchColumns } from "./board-live.js";
import { toast } from "./toast.js";

const form = document.getElementById("filters");
const find = document.getElementById("find");
let timer = 0;

async function apply() {
  const asked = new URLSearchParams([...new URLSearchParams(query())].filter(([, value]) => value));
  if (!location.pathname.startsWith("/tasks/")) history.replaceState(null, "", asked.size ? `/?${asked}` : "/");
  for (const field of form.querySelectorAll(".input")) field.classList.toggle("set", Boolean(field.value));
  form.querySelector("[data-clear]").hidden = !asked.size;
  try {
    await fetchColumns();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(`${error.message} The board shows the filter before.`, { tone: "error" });
  }
}

form.addEventListener("change", apply);
form.addEventListener("submit", (event) => (event.preventDefault(), apply()));
form.querySelector("[data-clear]").addEventListener("click", () => {
  for (const field of form.elements) if (field.name) field.value = "";
  find.value = "";
  apply();
});

find.form.addEventListener("submit", (event) => event.preventDefault());
find.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    form.elements.q.value = find.value.trim();
    apply();
  }, 180);
});
