// The inbox of approvals: decided without a reload, and live.
import { countDown } from "./deciding.js";
import { inbox, onLine } from "./inbox.js";
import { ofApprovals } from "./live.js";

const holder = document.getElementById("approvals");
const { refresh } = inbox(holder, { address: "/approvals/", isNews: ofApprovals });

setInterval(() => document.hidden || (countDown(holder) && refresh()), 15000);

onLine({
  y: (item) => item.querySelector('[value="APPROVED"]')?.focus(),
  d: (item) => item.querySelector(".request-form .input")?.focus(),
  p: (item) => item.querySelector(".folded")?.toggleAttribute("open"),
});
