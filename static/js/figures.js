// The header's figures follow the ticks of the stream, once a second at most.
import { ask } from "./ask.js";
import { ofApprovals, onFrames } from "./live.js";

const spent = document.getElementById("spend-today");
const badge = document.getElementById("approvals-waiting");
let busy = false;
let due = 0;
let askedAt = 0;

async function refresh() {
  const early = askedAt + 1000 - Date.now();
  if (busy || early > 0) return void (due ||= setTimeout(() => ((due = 0), refresh()), Math.max(early, 250)));
  busy = true;
  askedAt = Date.now();
  try {
    const { today, approvals } = JSON.parse(await ask("/figures/"));
    if (spent.textContent !== today) spent.textContent = today;
    badge.querySelector("b").textContent = approvals;
    badge.hidden = !approvals;
  } catch {
    // The state of the stream already says that the server is away.
  } finally {
    busy = false;
  }
}

if (spent) onFrames((frames) => frames.some((f) => f.type === "tick" || f.type === "resync" || ofApprovals(f)) && refresh());
