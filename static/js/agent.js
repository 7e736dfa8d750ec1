// One agent, live: news of the stream replaces the parts that changed, and leaves the others as they are.
import { ask, fragment } from "./ask.js";
import { closeAgent } from "./agent-drawer.js";
import { onFrames } from "./live.js";
import { concernsAgent, paced } from "./pace.js";
import { ageTimes } from "./shell.js";
import "./steering.js";
import { toast } from "./toast.js";
import "./transcript.js";

const LOOK_AGAIN = 30000;
const agents = () => document.querySelectorAll(".agent");
const plain = (part) => part.innerHTML.replace(/>[^<]*<\/time>/g, "></time>");

function renew(agent, html) {
  const fresh = fragment(html).querySelector(".agent");
  for (const part of agent.querySelectorAll("[data-part]")) {
    const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (plain(part) === plain(other)) continue;
    const held = part.contains(document.activeElement) ? document.activeElement : null;
    part.replaceChildren(...other.childNodes);
    ageTimes(part);
    if (held) refocus(part, held);
  }
}

function refocus(part, held) {
  const again = held.id ? document.getElementById(held.id) : part.querySelector(`a[href="${held.getAttribute("href")}"]`);
  // What was pressed may not be open any more: the one beside it is.
  const next = again && !again.disabled ? again : part.querySelector("button:not([disabled]), a[href]");
  next?.focus({ preventScroll: true });
}

const refresh = paced(async () => {
  for (const agent of agents()) {
    const html = await ask(agent.dataset.address);
    if (agent.isConnected) renew(agent, html);
  }
});

onFrames((frames) => {
  for (const agent of agents()) {
    const id = Number(agent.dataset.agent);
    if (frames.some((f) => f.type === "agent.deleted" && f.data.id === id)) gone(agent);
    else if (frames.some((f) => concernsAgent(f, id, agent.dataset.name))) refresh();
  }
});

function gone(agent) {
  toast(`${agent.dataset.name} was deleted.`, { tone: "waiting" });
  if (agent.closest("dialog")) closeAgent();
}

document.addEventListener("mc:steered", refresh);
setInterval(() => document.hidden || (agents().length && refresh()), LOOK_AGAIN);
