// The fleet, live: a strip that changed is fetched again; figures and pulses follow the ticks for the strips in sight.
import { ask, fragment } from "./ask.js";
import { ids, onFrames } from "./live.js";
import { paced } from "./pace.js";
import { ageTimes } from "./shell.js";

const TICK = 4000;
const MANY = 100;
const holder = document.getElementById("fleet");
const form = document.getElementById("filters");
const query = () => new URLSearchParams(new FormData(form)).toString();
const inSight = new Set();
const changed = new Set();
let whole = false;
let busy = false;
let timer = 0;

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) inSight[isIntersecting ? "add" : "delete"](target.dataset.id);
});
const watch = () => holder.querySelectorAll(".strip").forEach((strip) => watcher.observe(strip));

onFrames((frames) => {
  if (frames.some((f) => ["agent.created", "agent.deleted", "resync"].includes(f.type))) whole = true;
  for (const id of [...ids(frames, "agent."), ...named(frames)]) {
    if (document.getElementById(`agent-${id}`)) changed.add(String(id));
  }
  if (frames.some((f) => (f.type === "tick" && !f.data) || f.type.startsWith("task."))) lookAtAll();
  update();
});

/** Those that stories and quiet events speak of. */
function* named(frames) {
  for (const { type, data } of frames) {
    if (type === "activity.created" && data?.entity_type === "agent") yield data.entity_id;
    if (type === "tick" && data) yield* data.agents;
  }
}

const lookAtAll = paced(() => {
  inSight.forEach((id) => changed.add(id));
  return update();
}, TICK);

document.addEventListener("mc:steered", ({ detail }) => {
  changed.add(String(detail.agent));
  update();
});

async function update() {
  if (busy || !(whole || changed.size)) return;
  busy = true;
  const some = [...changed].slice(0, MANY);
  const all = whole;
  whole = false;
  all ? changed.clear() : some.forEach((id) => changed.delete(id));
  try {
    if (all) await fetchAll();
    else takeOver(await ask(`/agents/strips/${some.join(",")}/`));
  } catch {
    await new Promise((done) => setTimeout(done, 2000));
  }
  busy = false;
  if (whole || changed.size) setTimeout(update, all ? 1000 : 200);
}

function takeOver(html) {
  const answer = fragment(html);
  for (const strip of answer.querySelectorAll(".strip")) {
    const old = document.getElementById(strip.id);
    if (!old || old.outerHTML === strip.outerHTML) continue;
    const held = old.contains(document.activeElement);
    if (old.dataset.tone !== strip.dataset.tone) strip.classList.add("changed");
    strip.classList.toggle("open", old.classList.contains("open"));
    const place = held ? [...old.querySelectorAll("a, button")].indexOf(document.activeElement) : 0;
    watcher.unobserve(old);
    old.replaceWith(strip);
    watcher.observe(strip);
    if (held) (strip.querySelectorAll("a, button")[place] ?? strip.querySelector("a")).focus({ preventScroll: true });
  }
  for (const data of answer.querySelectorAll("[data-tally]")) {
    document.querySelector(`.tally [data-tally="${data.dataset.tally}"]`).textContent = data.value;
  }
  ageTimes(holder);
}

async function fetchAll() {
  const held = document.activeElement?.closest?.(".strip")?.id;
  holder.innerHTML = await ask(`/agents/?${query()}`);
  inSight.clear();
  watch();
  ageTimes(holder);
  if (held) document.querySelector(`#${held} a`)?.focus();
}

function apply() {
  const asked = new URLSearchParams([...new URLSearchParams(query())].filter(([, value]) => value));
  if (location.pathname === "/agents/") history.replaceState(null, "", asked.size ? `?${asked}` : "/agents/");
  whole = true;
  update();
}

form.addEventListener("change", apply);
form.addEventListener("submit", (event) => event.preventDefault());
form.elements.q.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(apply, 180);
});
watch();
