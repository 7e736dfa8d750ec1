// The inbox of approvals: decided without a reload, live, and never in the way of a reason that somebody is typing.
import { ask, fragment } from "./ask.js";
import { countDown, decide, tell } from "./deciding.js";
import { ofApprovals, onFrames } from "./live.js";
import { ageTimes } from "./shell.js";

const REST = 400;
const holder = document.getElementById("approvals");
let busy = false;
let again = false;

/** Take over the list; requests that are as they were keep their nodes, with what is typed, unfolded and in focus. */
function takeOver(html) {
  const fresh = fragment(html);
  const held = holder.contains(document.activeElement) ? document.activeElement : null;
  for (const item of fresh.querySelectorAll("li[data-stamp]")) {
    const old = document.getElementById(item.id);
    if (old?.className !== item.className || old.dataset.stamp !== item.dataset.stamp) continue;
    old.querySelector(".request-left")?.replaceWith(item.querySelector(".request-left"));
    item.replaceWith(old);
  }
  holder.replaceChildren(fresh);
  if (held?.isConnected) held.focus({ preventScroll: true });
  ageTimes(holder);
  countDown(holder);
}

async function refresh() {
  if (busy) return void (again = true);
  busy = true;
  try {
    takeOver(await ask("/approvals/"));
  } catch {
    // The next frame tries again; the header tells the state of the stream.
  }
  setTimeout(() => {
    busy = false;
    if (!again) return;
    again = false;
    refresh();
  }, REST);
}

onFrames((frames) => frames.some((f) => f.type === "resync" || ofApprovals(f)) && refresh());

holder.addEventListener("submit", async (event) => {
  event.preventDefault();
  const item = event.target.closest(".request");
  const next = item.nextElementSibling ?? item.previousElementSibling;
  const decided = await decide(event.target, event.submitter, { refused: refresh });
  if (decided) {
    takeOver(decided.html);
    tell(decided, document.getElementById(item.id)?.matches(".request"));
  }
  if (!item.isConnected) (next?.isConnected ? next.querySelector(".request-name") : document.getElementById("waiting-title")).focus();
});

setInterval(() => document.hidden || (countDown(holder) && refresh()), 15000);

const KEYS = {
  y: (item) => item.querySelector('[value="APPROVED"]')?.focus(),
  d: (item) => item.querySelector(".request-form .input")?.focus(),
  p: (item) => item.querySelector(".folded")?.toggleAttribute("open"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog, [popover]")) return;
  const item = document.activeElement?.closest?.(".request, .verdict");
  if (!item || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key](item);
});
countDown(holder);
