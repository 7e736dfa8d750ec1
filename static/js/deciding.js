// The form of a request for approval, on the page of approvals and in a task: what is typed is kept, conflicts are told.
import { ask, Refused } from "./ask.js";
import { toast } from "./toast.js";

const refOf = (item) => item.dataset.ref ?? item.id.replace(/^.*approval-/, "APPR-");
const needsReason = (form) => form.dataset.reason !== "optional";

/** Send it. The answer is what the server shows then; undefined when it lacks a reason, was sent already or refused. */
export async function decide(form, submitter, { refused }) {
  if (form.dataset.sent) return;
  const decision = submitter?.value ?? "DENIED";
  const reason = form.elements.reason;
  if (decision === "DENIED" && needsReason(form) && !reason.value.trim()) return lacksReason(form);
  form.dataset.sent = "yes";
  const item = form.closest(".request");
  try {
    return { html: await ask(form.getAttribute("action"), { decision, reason: reason.value, ...instead(form, decision) }), decision, ref: refOf(item) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(`${refOf(item)}: ${error.message}`, { tone: "error" });
    await refused();
  } finally {
    delete form.dataset.sent;
  }
}

/** Another input, where one was written for the tool. */
function instead(form, decision) {
  const input = form.elements.input;
  return decision === "APPROVED" && input && !input.disabled ? { input: input.value } : {};
}

/** `stays` when a second person must approve it as well. */
export function tell({ ref, decision }, stays) {
  if (stays) toast(`${ref}: your approval is kept. A second person must approve it as well.`);
  else toast(`${ref} is ${decision === "DENIED" ? "denied" : "approved"}.`);
}

function lacksReason(form) {
  const problem = form.querySelector(".problem");
  problem.textContent = "Say why it is denied: the agent goes on from your reason.";
  problem.hidden = false;
  form.elements.reason.setAttribute("aria-invalid", "true");
  form.elements.reason.focus();
}

document.addEventListener("input", ({ target }) => {
  const form = target.closest(".request-form");
  if (!form) return;
  form.classList.toggle("typed", Boolean(form.elements.reason.value));
  target.removeAttribute("aria-invalid");
  form.querySelector(".problem").hidden = true;
});

/** Keep the times that are left current; true when one of them is over. */
export function countDown(place) {
  let over = false;
  for (const time of place.querySelectorAll("time[data-left]")) {
    const seconds = Math.max(0, Math.floor((Date.parse(time.dateTime) - Date.now()) / 1000));
    const minutes = Math.floor(seconds / 60);
    const exact = time.dataset.left === "exact";
    over ||= Date.parse(time.dateTime) <= Date.now();
    const [size, unit] = minutes >= 1440 ? [1440, "d"] : minutes >= 60 ? [60, "h"] : [1, "min"];
    const rough = minutes < 1 ? "under 1 min left" : `${Math.floor(minutes / size)} ${unit} left`;
    const words = exact ? `${minutes}:${String(seconds % 60).padStart(2, "0")} left` : rough;
    if (time.textContent !== words) time.textContent = words;
    time.closest(".request-left")?.classList.toggle("urgent", minutes < (exact ? 1 : 60));
    time.title ||= new Date(time.dateTime).toLocaleString();
  }
  return over;
}
