// The table of budgets, live.
import { ask, fragment } from "./ask.js";
import { onFrames } from "./live.js";
import { paced } from "./pace.js";
import { ageTimes } from "./shell.js";

const holder = document.getElementById("budgets");
const OF_BUDGETS = ["resync", "tick", "agent.created", "agent.updated", "agent.deleted", "agent.status_changed"];

const refresh = paced(async () => {
  const html = await ask(holder.dataset.address);
  const held = holder.contains(document.activeElement) ? document.activeElement : null;
  const row = held?.closest("li")?.id;
  const at = row ? [...document.getElementById(row).querySelectorAll("a, button")].indexOf(held) : -1;
  const open = holder.querySelector(".strip.open")?.id;
  holder.replaceChildren(fragment(html));
  if (open) document.getElementById(open)?.classList.add("open");
  if (at >= 0) document.getElementById(row)?.querySelectorAll("a, button")[at]?.focus({ preventScroll: true });
  ageTimes(holder);
});

const ofAgents = (frame) => frame.type === "activity.created" && ["agent", "approval"].includes(frame.data?.entity_type);

onFrames((frames) => frames.some((f) => OF_BUDGETS.includes(f.type) || ofAgents(f)) && refresh());
document.addEventListener("mc:steered", refresh);
