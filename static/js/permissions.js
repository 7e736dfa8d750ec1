// The inbox of permission requests: answered key by key while agents wait, with a sound or a notification when wanted.
import { attempt } from "./ask.js";
import { calling } from "./calling.js";
import { countDown } from "./deciding.js";
import { inbox, onLine } from "./inbox.js";
import { ofPermissions, onFrames } from "./live.js";

const holder = document.getElementById("permissions");
const { refresh } = inbox(holder, { address: "/permissions/", isNews: ofPermissions });

// Seconds count here, also for those that nobody looks at: they are over soon.
setInterval(() => document.hidden || (countDown(holder) && refresh()), 1000);

/** Red ones take a second key: the button is in focus, Enter presses it. */
function approve(item) {
  const button = item.querySelector('[value="APPROVED"]');
  if (item.dataset.risk === "RED") button?.focus();
  else button?.click();
}

async function edit(item) {
  const field = item.querySelector(".input-edit");
  if (!field || "editing" in item.dataset) return field?.querySelector("textarea").focus();
  const whole = await attempt(field.dataset.whole);
  if (whole === undefined) return;
  const area = field.querySelector("textarea");
  item.dataset.editing = "";
  field.hidden = false;
  area.disabled = false;
  area.value = whole;
  area.rows = Math.min(20, whole.split("\n").length + 1);
  area.focus();
}

function leaveAsItWas(item) {
  const field = item.querySelector(".input-edit");
  delete item.dataset.editing;
  field.hidden = true;
  field.querySelector("textarea").disabled = true;
  item.querySelector(".request-name").focus();
}

onLine({
  a: approve,
  d: (item) => item.querySelector('[name="reason"]')?.focus(),
  e: edit,
  ArrowDown: (item) => step(item, 1),
  ArrowUp: (item) => step(item, -1),
});

function step(item, by) {
  const lines = [...holder.querySelectorAll(".request-name, .verdict-name")];
  const at = lines.findIndex((line) => item.contains(line));
  const next = lines[Math.min(lines.length - 1, Math.max(0, at + by))];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

holder.addEventListener("click", ({ target }) => {
  const item = target.closest(".request");
  if (target.closest("[data-edit]")) edit(item);
  if (target.closest("[data-leave]")) leaveAsItWas(item);
});

holder.addEventListener("keydown", (event) => {
  const item = event.target.closest(".request");
  if (!item) return;
  if (event.key === "Escape" && event.target.matches("textarea")) leaveAsItWas(item);
  else if (event.key === "Enter" && event.target.matches("textarea") && (event.ctrlKey || event.metaKey))
    item.querySelector('[value="APPROVED"]').click();
  else if (event.key === "Escape" && event.target.matches('[name="reason"]')) item.querySelector(".request-name").focus();
  else return;
  event.preventDefault();
});

const call = calling({ sound: document.getElementById("call-sound"), notice: document.getElementById("call-notice") });
onFrames((frames) => {
  const asked = frames.filter((f) => f.type === "permission.requested").map((f) => f.data);
  if (asked.length) call(asked);
});
