// The header's figures follow the ticks of the stream, once a second at most.
import { ask } from "./ask.js";
import { ofApprovals, ofPermissions, onFrames } from "./live.js";

const spent = document.getElementById("spend-today");
let busy = false;
let due = 0;
let askedAt = 0;

async function refresh() {
  const early = askedAt + 1000 - Date.now();
  if (busy || early > 0) return void (due ||= setTimeout(() => ((due = 0), refresh()), Math.max(early, 250)));
  busy = true;
  askedAt = Date.now();
  try {
    const { today, ...waiting } = JSON.parse(await ask("/figures/"));
    if (spent.textContent !== today) spent.textContent = today;
    for (const [inbox, count] of Object.entries(waiting)) {
      const badge = document.getElementById(`${inbox}-waiting`);
      badge.querySelector("b").textContent = count;
      badge.hidden = !count;
    }
  } catch {
    // The state of the stream already says that the server is away.
  } finally {
    busy = false;
  }
}

if (spent) onFrames((frames) => frames.some((f) => f.type === "tick" || f.type === "resync" || ofApprovals(f) || ofPermissions(f)) && refresh());
