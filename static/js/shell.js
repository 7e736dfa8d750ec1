// The frame: theme, activity panel, dialogs that open by name, relative times.
const root = document.documentElement;

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

/** The other theme; back at the system's own, the system is followed again. */
function switchTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const other = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
  if (other === system) delete root.dataset.theme;
  else root.dataset.theme = other;
  keep("mc-theme", root.dataset.theme ?? "");
  document.dispatchEvent(new CustomEvent("mc:theme"));
}

function showFeed(open) {
  if (open) root.dataset.feed = "open";
  else delete root.dataset.feed;
  keep("mc-feed", open ? "open" : "shut");
  markFeed();
  document.dispatchEvent(new CustomEvent("mc:feed"));
}

function markFeed() {
  const open = String(root.dataset.feed === "open");
  document.querySelectorAll("[data-feed-toggle][aria-expanded]").forEach((b) => b.setAttribute("aria-expanded", open));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("themeSwitch" in button.dataset) switchTheme();
  if ("feedToggle" in button.dataset) showFeed(root.dataset.feed !== "open");
  if (button.dataset.opens) openDialog(button.dataset.opens);
});

export function openDialog(id) {
  document.querySelectorAll("[popover]:popover-open").forEach((menu) => menu.hidePopover());
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
  return dialog;
}

const STEPS = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
];

export function ageTimes(within = document) {
  const now = Date.now();
  for (const time of within.querySelectorAll("time[data-age]")) {
    const seconds = (now - Date.parse(time.dateTime)) / 1000;
    const step = STEPS.find(([size]) => seconds >= size);
    const words = step ? `${Math.floor(seconds / step[0])} ${step[1]}` : "now";
    if (time.textContent !== words) time.textContent = words;
    time.title ||= new Date(time.dateTime).toLocaleString();
  }
}

setInterval(() => document.hidden || ageTimes(), 15000);
document.addEventListener("visibilitychange", () => document.hidden || ageTimes());
markFeed();

// Who speaks to the computer, or slips on keys, can switch the letters off. First in line, before any of them works.
const letters = document.getElementById("letters");
if (letters) letters.checked = root.dataset.letters !== "off";
letters?.addEventListener("change", () => {
  if (letters.checked) delete root.dataset.letters;
  else root.dataset.letters = "off";
  keep("mc-letters", letters.checked ? "on" : "off");
});
addEventListener(
  "keydown",
  (event) => {
    if (root.dataset.letters !== "off" || event.key.length > 1 || event.key === " ") return;
    if (!event.target.closest("input, textarea, select")) event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (event.key === "?") openDialog("keys");
  else if (event.key === "/") document.getElementById("find").select();
  else return;
  event.preventDefault();
});
