// The live feed, as a panel on every page and as the top of the activity page.
import { ask, fragment } from "./ask.js";
import { onFrames } from "./live.js";
import { ageTimes } from "./shell.js";

const AT_MOST = 120;
const root = document.documentElement;
let busy = false;
let again = false;

const shown = () =>
  [...document.querySelectorAll("ol[data-feed]")].filter((feed) => feed.dataset.feed === "page" || root.dataset.feed === "open");

async function refresh() {
  if (busy) return void (again = true);
  busy = true;
  try {
    for (const feed of shown()) await extend(feed);
  } catch {
    // Tried again with the next frame; the header tells the state of the stream.
  } finally {
    busy = false;
  }
  if (again) {
    again = false;
    setTimeout(refresh, 250);
  }
}

async function extend(feed) {
  const newest = feed.querySelector(".story")?.dataset.id ?? 0;
  const fresh = fragment(await ask(`/activity/latest/?after=${newest}`));
  const stories = [...fresh.children].filter((story) => !feed.querySelector(`[data-id="${story.dataset.id}"]`));
  if (!stories.length) return say(feed);
  feed.querySelector(".empty")?.remove();
  document.querySelector(".feed.wide + .empty")?.remove();
  if (newest) stories.forEach((story) => story.classList.add("fresh"));
  const top = feed.scrollTop;
  feed.prepend(...stories);
  // Who reads further down is not pushed away by what arrives above.
  if (top > 0) feed.scrollTop = top + stories.reduce((sum, story) => sum + story.offsetHeight, 0);
  if (feed.dataset.feed !== "page") [...feed.querySelectorAll(".story")].slice(AT_MOST).forEach((story) => story.remove());
  ageTimes(feed);
}

function say(feed) {
  if (feed.children.length) return;
  const empty = document.createElement("li");
  empty.className = "empty";
  empty.innerHTML = "<strong>Nothing has happened yet</strong>What agents and people do is told here.";
  feed.append(empty);
}

onFrames((frames) => frames.some((f) => f.type === "activity.created" || f.type === "resync") && refresh());
document.addEventListener("mc:feed", refresh);
if (root.dataset.feed === "open") refresh();
