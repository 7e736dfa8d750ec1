// Lists without a mouse: j and k walk from line to line. The board has its own keys.
const LINES = ".fleet-name a, .budget-line > a, .request-name, .verdict-name, .feed.wide .story > a";

document.addEventListener("keydown", (event) => {
  const by = { j: 1, k: -1 }[event.key];
  if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog, [popover]")) return;
  const lines = [...document.querySelectorAll(LINES)];
  const at = lines.findIndex((line) => line.closest("li").contains(document.activeElement));
  const next = lines[at < 0 ? 0 : Math.min(lines.length - 1, Math.max(0, at + by))];
  if (!next) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
});
