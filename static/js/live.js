// The page's one stream of events. Frames are handed on in batches: the first at once, then one every BEAT ms, so that
// a hundred changes a second cost a page seven rounds of work, not a hundred.
const BEAT = 150;
const STALE_AFTER = 15000;
const REST_WHEN_HIDDEN = 30000;

const listeners = new Set();
const line = document.getElementById("link-state");
const log = document.getElementById("log-position");

let source = null;
// The stream goes on from where the page was read.
let lastId = log?.dataset.position?.replace(/^0$/, "") ?? "";
let waiting = [];
let flushedAt = 0;
let flushTimer = 0;
let tries = 0;
let retryTimer = 0;
let restTimer = 0;
let lostAt = 0;

/** Call `fn(frames)` for every batch; a frame is {type, data, timestamp}. */
export function onFrames(fn) {
  listeners.add(fn);
}

export const ids = (frames, prefix, key = (data) => data?.id) => [
  ...new Set(frames.filter((f) => f.type.startsWith(prefix)).map((f) => key(f.data)).filter(Boolean)),
];

/** Approvals reach pages as stories. */
export const ofApprovals = (frame) => frame.type === "activity.created" && frame.data?.entity_type === "approval";

export const ofPermissions = (frame) => frame.type.startsWith("permission.");

let isAwake = false;

/** Whether the page listens on when nobody looks at it: somebody wants to be told. */
export function stayAwake(wanted) {
  isAwake = wanted;
  if (wanted && !source) open();
}

function flush() {
  flushTimer = 0;
  flushedAt = performance.now();
  const frames = waiting;
  waiting = [];
  for (const fn of listeners) fn(frames);
}

function take(event) {
  const frame = JSON.parse(event.data);
  if (event.lastEventId && event.lastEventId !== lastId) {
    lastId = event.lastEventId;
    showPosition();
  }
  if (frame.type === "unauthorized") return signedOut();
  if (frame.type === "resync" && frame.data?.latest) lastId = String(frame.data.latest);
  waiting.push(frame);
  // What piled up behind a hidden tab is not worth replaying one by one.
  if (waiting.length > 2000) waiting = [{ type: "resync", data: {}, timestamp: frame.timestamp }];
  if ((document.hidden && !isAwake) || flushTimer) return;
  flushTimer = setTimeout(flush, Math.max(0, BEAT - (performance.now() - flushedAt)));
}

let positionDue = false;
function showPosition() {
  if (positionDue || !log) return;
  positionDue = true;
  requestAnimationFrame(() => {
    positionDue = false;
    log.textContent = lastId.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  });
}

function show(state, words) {
  if (!line || (line.dataset.state === state && line.textContent === words)) return;
  line.dataset.state = state;
  line.textContent = words;
  document.getElementById("stale")?.toggleAttribute("hidden", state !== "stale");
}

function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function lost() {
  lostAt ||= Date.now();
  if (Date.now() - lostAt > STALE_AFTER) show("stale", `stale since ${clock(lostAt)}`);
  else show("reconnecting", "reconnecting");
}

function signedOut() {
  close();
  lostAt = Date.now();
  show("stale", "signed out, reload to sign in");
}

function close() {
  clearTimeout(retryTimer);
  source?.close();
  source = null;
}

function open() {
  close();
  const after = lastId ? `&last_event_id=${lastId}` : "";
  source = new EventSource(`/api/events?include=tick${after}`);
  source.onopen = () => {
    tries = 0;
    // Without a position there was nothing to resume from: what was missed has to be fetched.
    if (lostAt && !lastId) listeners.forEach((fn) => fn([{ type: "resync", data: {} }]));
    lostAt = 0;
    show("live", "live");
  };
  source.onmessage = take;
  source.onerror = () => {
    lost();
    if (source?.readyState !== EventSource.CLOSED) return;
    clearTimeout(retryTimer);
    retryTimer = setTimeout(open, Math.min(30000, 1000 * 2 ** tries++) * (0.75 + Math.random() / 2));
  };
}

setInterval(() => lostAt && lost(), 1000);

// Browsers allow six streams to a host: a tab that nobody looks at gives its own back, and resumes where it was.
document.addEventListener("visibilitychange", () => {
  clearTimeout(restTimer);
  if (document.hidden) {
    if (!isAwake) restTimer = setTimeout(close, REST_WHEN_HIDDEN);
    return;
  }
  if (!source) open();
  if (waiting.length && !flushTimer) flushTimer = setTimeout(flush, 0);
});

addEventListener("pagehide", close);
addEventListener("pageshow", (event) => event.persisted && open());
open();
