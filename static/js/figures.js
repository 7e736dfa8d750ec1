// The header's figures follow the ticks of the stream, once a second at most.
import { ask } from "./ask.js";
import { onFrames } from "./live.js";

const spent = document.getElementById("spend-today");
let busy = false;
let askedAt = 0;

async function refresh() {
  if (busy || Date.now() - askedAt < 1000) return;
  busy = true;
  askedAt = Date.now();
  try {
    const { today } = JSON.parse(await ask("/figures/"));
    if (spent.textContent !== today) spent.textContent = today;
  } catch {
    // The state of the stream already says that the server is away.
  } finally {
    busy = false;
  }
}

if (spent) onFrames((frames) => frames.some((f) => f.type === "tick" || f.type === "resync") && refresh());
