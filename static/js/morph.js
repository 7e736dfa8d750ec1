// Bring a part of the page up to date in place: what is typed, unfolded, in focus or loaded later stays as it is.

const KEEPS = new Set(["open", "data-loaded", "aria-busy", "aria-expanded", "data-longer"]);
const FIELDS = "input, textarea, select";

/** Make `old` look like `fresh`, node by node. Elements with a data-key are the same wherever they stand. */
export function morph(old, fresh) {
  if (old.isEqualNode(fresh) || old.matches(".request-form.typed")) return;
  if (old.matches("time") && old.dateTime === fresh.dateTime) return;
  if (old.dataset.lazy !== fresh.dataset.lazy && old.dataset.loaded) old.dataset.loaded = "before";
  for (const { name, value } of [...fresh.attributes]) if (old.getAttribute(name) !== value && !KEEPS.has(name)) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !KEEPS.has(name)) old.removeAttribute(name);
  // Loaded later.
  if ("lazy" in old.dataset && !fresh.hasChildNodes()) return;
  // In somebody's hands.
  if (old.matches(FIELDS) && old === document.activeElement) return;
  if ("rows" in old.dataset) return mergeRows(old, fresh);
  const value = fresh.matches(FIELDS) ? fresh.value : null;
  morphChildren(old, fresh);
  if (value !== null && old.type !== "checkbox" && old.value !== value) old.value = value;
}

function morphChildren(old, fresh) {
  const keyed = new Map([...old.children].filter((e) => e.dataset.key).map((e) => [e.dataset.key, e]));
  let at = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const known = node.dataset?.key && keyed.get(node.dataset.key);
    const match = known?.nodeName === node.nodeName ? known : !node.dataset?.key && fits(at, node) ? at : null;
    if (!match) {
      old.insertBefore(node, at);
      continue;
    }
    // Moving an element takes the focus from it: what stands between goes instead.
    while (match !== at && at && !isWanted(at, fresh)) at = drop(at);
    if (match !== at) old.insertBefore(match, at);
    else at = at.nextSibling;
    if (match.nodeType === 1) morph(match, node);
    else if (match.nodeValue !== node.nodeValue) match.nodeValue = node.nodeValue;
  }
  while (at) at = drop(at);
}

const fits = (at, node) => at && at.nodeType === node.nodeType && at.nodeName === node.nodeName && !at.dataset?.key;
const isWanted = (at, fresh) => at.dataset?.key && [...fresh.children].some((e) => e.dataset.key === at.dataset.key);

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/** A page of a longer list: rows that were loaded before stay, unless the lists have nothing in common any more. */
function mergeRows(old, fresh) {
  const news = new Set([...fresh.querySelectorAll("[data-key]")].map((row) => row.dataset.key));
  const rows = [...old.children];
  const first = rows.findIndex((row) => news.has(row.dataset.key));
  const last = rows.findLastIndex((row) => news.has(row.dataset.key));
  const down = old.dataset.rows === "down";
  const kept = first < 0 ? [] : (down ? rows.slice(0, first) : rows.slice(last + 1)).filter((row) => !news.has(row.dataset.key));
  old.toggleAttribute("data-longer", kept.length > 0);
  for (const row of kept) {
    row.querySelectorAll("[data-key^=comment]").forEach((inner) => news.has(inner.dataset.key) && inner.remove());
    const copy = row.cloneNode(true);
    down ? fresh.insertBefore(copy, fresh.children[kept.indexOf(row)] ?? null) : fresh.append(copy);
  }
  morphChildren(old, fresh);
}
