// The inbox of approvals: decided without a reload, live, and never in the way of a reason that somebody is typing.
import { ask, fragment, Refused } from "./ask.js";
import { ofApprovals, onFrames } from "./live.js";
import { ageTimes } from "./shell.js";
import { toast } from "./toast.js";

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
  countDown();
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
  const form = event.target;
  if (form.dataset.sent) return;
  const decision = event.submitter?.value ?? "DENIED";
  const reason = form.elements.reason;
  if (decision === "DENIED" && !reason.value.trim()) return lacksReason(form);
  form.dataset.sent = "yes";
  const item = form.closest(".request");
  const next = item.nextElementSibling ?? item.previousElementSibling;
  try {
    takeOver(await ask(form.getAttribute("action"), { decision, reason: reason.value }));
    told(item, decision);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(`${refOf(item)}: ${error.message}`, { tone: "error" });
    await refresh();
  }
  delete form.dataset.sent;
  if (!item.isConnected) (next?.isConnected ? next.querySelector(".request-name") : document.getElementById("waiting-title")).focus();
});

function lacksReason(form) {
  const problem = form.querySelector(".problem");
  problem.textContent = "Say why it is denied: the agent goes on from your reason.";
  problem.hidden = false;
  form.elements.reason.setAttribute("aria-invalid", "true");
  form.elements.reason.focus();
}

holder.addEventListener("input", ({ target }) => {
  target.removeAttribute("aria-invalid");
  target.form.querySelector(".problem").hidden = true;
});

const refOf = (item) => item.id.replace("approval-", "APPR-");

function told(item, decision) {
  const ref = refOf(item);
  if (document.getElementById(item.id)?.matches(".request")) toast(`${ref}: your approval is kept. A second person must approve it as well.`);
  else toast(`${ref} is ${decision === "DENIED" ? "denied" : "approved"}.`);
}

function countDown() {
  let over = false;
  for (const time of holder.querySelectorAll("time[data-left]")) {
    const minutes = Math.floor((Date.parse(time.dateTime) - Date.now()) / 60000);
    over ||= Date.parse(time.dateTime) <= Date.now();
    const [size, unit] = minutes >= 1440 ? [1440, "d"] : minutes >= 60 ? [60, "h"] : [1, "min"];
    const words = minutes < 1 ? "under 1 min left" : `${Math.floor(minutes / size)} ${unit} left`;
    if (time.textContent !== words) time.textContent = words;
    time.closest(".request-left").classList.toggle("urgent", minutes < 60);
    time.title ||= new Date(time.dateTime).toLocaleString();
  }
  return over;
}

setInterval(() => document.hidden || (countDown() && refresh()), 15000);

const KEYS = {
  y: (item) => item.querySelector('[value="APPROVED"]')?.focus(),
  d: (item) => item.querySelector(".request-form .input")?.focus(),
  p: (item) => item.querySelector(".payload")?.toggleAttribute("open"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog, [popover]")) return;
  const item = document.activeElement?.closest?.(".request, .verdict");
  if (!item || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key](item);
});
countDown();
