// The trend as bars with the budget's share as a line; the same numbers are in the table below it.
import { ask, fragment, Refused } from "./ask.js";
import { onFrames } from "./live.js";
import { ageTimes } from "./shell.js";

const EVERY = 5000;
const holder = document.getElementById("costs");
const span = holder.dataset.span;
const dialog = document.getElementById("budget");
let chart = null;
let busy = false;
let askedAt = Date.now();

function color(name) {
  const probe = holder.appendChild(document.createElement("i"));
  probe.style.color = `var(--${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const money = (value) => (value == null ? "" : `$${value.toFixed(value && value < 1 ? 3 : 2)}`);

function when(stamp, hourly) {
  const day = new Date(stamp * 1000).toISOString();
  return hourly ? day.slice(11, 16) : day.slice(5, 10);
}

function axis(more) {
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const line = { stroke: color("line"), width: 1 };
  return { stroke: color("muted"), font, grid: line, ticks: { show: false }, ...more };
}

function tip(box, hourly) {
  const words = box.appendChild(document.createElement("div"));
  words.className = "trend-tip";
  words.hidden = true;
  return (u) => {
    const at = u.cursor.idx;
    words.hidden = at == null || u.cursor.left < 0;
    if (words.hidden) return;
    const sum = u.data[1][at] ?? u.data[2][at];
    words.textContent = `${when(u.data[0][at], hourly)}  ${money(sum)}`;
    words.style.left = `${Math.min(u.valToPos(u.data[0][at], "x") + 56, box.clientWidth - 120)}px`;
    words.style.top = `${Math.max(0, u.valToPos(sum, "y") - 20)}px`;
  };
}

function draw(box, { times, dollars, budget, hourly }) {
  chart?.destroy();
  box.replaceChildren();
  const size = { width: box.clientWidth, height: box.clientHeight };
  const step = times[1] - times[0];
  // What still grows stands out.
  const now = times.findLastIndex((start) => start <= Date.now() / 1000);
  const top = Math.max(...dollars, budget ?? 0, 0.01) * 1.08;
  chart = new uPlot(
    {
      ...size,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      padding: [8, 8, 0, 0],
      scales: { x: { time: false, range: [times[0] - step * 0.6, times.at(-1) + step * 0.6] }, y: { range: [0, top] } },
      axes: [
        axis({ grid: { show: false }, values: (u, splits) => splits.map((s) => when(s, hourly)), splits: () => thinned(times, size.width) }),
        axis({ size: 56, values: (u, splits) => splits.map(money) }),
      ],
      series: [
        {},
        bars("faint"),
        bars("signal-fill"),
        { stroke: color("muted"), width: 1, dash: [4, 4], points: { show: false } },
      ],
      hooks: { setCursor: [tip(box, hourly)] },
    },
    [times, dollars.map((sum, place) => (place === now ? null : sum)), dollars.map((sum, place) => (place === now ? sum : null)), times.map(() => budget)],
    box,
  );
}

function bars(name) {
  const paths = uPlot.paths.bars({ size: [0.62, 42] });
  return { stroke: color(name), fill: color(name), width: 0, points: { show: false }, paths };
}

/** As many days as fit under the bars. */
function thinned(times, width) {
  const every = Math.ceil(times.length / Math.max(2, Math.floor(width / 64)));
  return times.filter((_, place) => place % every === 0);
}

async function show() {
  const box = holder.querySelector("[data-trend]");
  try {
    draw(box, JSON.parse(await ask(`/costs/trend.json?span=${span}`)));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    box.textContent = "The trend could not be loaded. It is tried again with the next figures.";
  }
}

async function refresh() {
  if (busy) return;
  busy = true;
  askedAt = Date.now();
  try {
    const fresh = fragment(await ask(`/costs/?span=${span}`));
    const open = holder.querySelector("details").open;
    const focused = document.activeElement?.closest?.("#costs") && document.activeElement.dataset.opens;
    // The chart stays in place and is only given new data.
    const box = holder.querySelector("[data-trend]");
    fresh.querySelector("[data-trend]").replaceWith(box);
    fresh.querySelector("details").open = open;
    holder.replaceChildren(fresh);
    if (focused) holder.querySelector(`[data-opens="${focused}"]`)?.focus();
    ageTimes(holder);
    await show();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  } finally {
    busy = false;
  }
}

onFrames((frames) => {
  if (frames.some((f) => f.type === "resync") || (Date.now() - askedAt > EVERY && frames.some((f) => f.type === "tick"))) refresh();
});

dialog?.addEventListener("click", (event) => event.target.closest("[data-shut]") && dialog.close());
dialog?.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const problem = form.querySelector(".problem");
  problem.hidden = true;
  try {
    await ask(form.action, new FormData(form));
    dialog.close();
    refresh();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    problem.textContent = error.message;
    problem.hidden = false;
  }
});

let width = 0;
new ResizeObserver(([entry]) => {
  if (Math.abs(entry.contentRect.width - width) < 2) return;
  width = entry.contentRect.width;
  const box = holder.querySelector("[data-trend]");
  chart?.setSize({ width: box.clientWidth, height: box.clientHeight });
}).observe(holder);
document.addEventListener("mc:theme", show);
show();
