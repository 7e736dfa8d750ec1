// What the inboxes share: a list that follows the stream and never gets in the way of what somebody types.
import { ask, fragment } from "./ask.js";
import { countDown, decide, tell } from "./deciding.js";
import { onFrames } from "./live.js";
import { ageTimes } from "./shell.js";

const REST = 400;

/** `address` answers the list as it is now; `isNews` says which frames change it; `renewed` is told after each look. */
export function inbox(holder, { address, isNews, renewed = () => {} }) {
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
    renewed();
  }

  async function refresh() {
    if (busy) return void (again = true);
    busy = true;
    try {
      takeOver(await ask(address));
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

  onFrames((frames) => frames.some((f) => f.type === "resync" || isNews(f)) && refresh());

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

  countDown(holder);
  return { refresh };
}

/** Letters that do something with the line in focus; `keys` maps them to what is done with it. */
export function onLine(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog, [popover]")) return;
    const item = document.activeElement?.closest?.(".request, .verdict");
    if (!item || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key](item);
  });
}
