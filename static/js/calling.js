// A sound and a notification when somebody is wanted. Both are off until they are switched on, per browser.
import { stayAwake } from "./live.js";
import { toast } from "./toast.js";

const NAMES = { sound: "mc-call-sound", notice: "mc-call-notice" };

function kept(name) {
  try {
    return localStorage.getItem(name) === "on";
  } catch {
    return false;
  }
}

function keep(name, on) {
  try {
    localStorage.setItem(name, on ? "on" : "off");
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

let audio = null;

/** Two soft notes, made here: there is no file to load. */
function ring() {
  audio ??= new AudioContext();
  audio.resume();
  [660, 880].forEach((frequency, place) => {
    const begins = audio.currentTime + place * 0.14;
    const note = audio.createOscillator();
    const volume = audio.createGain();
    note.frequency.value = frequency;
    volume.gain.setValueAtTime(0, begins);
    volume.gain.linearRampToValueAtTime(0.12, begins + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, begins + 0.3);
    note.connect(volume).connect(audio.destination);
    note.start(begins);
    note.stop(begins + 0.32);
  });
  document.documentElement.dataset.rung = String(Number(document.documentElement.dataset.rung ?? 0) + 1);
}

function show(asked) {
  const [first] = asked;
  const more = asked.length > 1 ? ` and ${asked.length - 1} more` : "";
  const notice = new Notification(`${first.slug} asks for ${first.tool}${more}`, { body: about(first), tag: "mc-permissions" });
  notice.onclick = () => {
    focus();
    notice.close();
  };
}

const about = ({ input }) => String(input?.command ?? input?.file_path ?? input?.path ?? input?.url ?? "").slice(0, 200);

async function mayNotify() {
  if (!("Notification" in window)) return false;
  return (await Notification.requestPermission()) === "granted";
}

/** Returns what to call with the requests that came; `sound` and `notice` are the two switches. */
export function calling({ sound, notice }) {
  sound.checked = kept(NAMES.sound);
  notice.checked = kept(NAMES.notice) && window.Notification?.permission === "granted";
  const follow = () => stayAwake(sound.checked || notice.checked);
  sound.addEventListener("change", () => {
    keep(NAMES.sound, sound.checked);
    if (sound.checked) ring();
    follow();
  });
  notice.addEventListener("change", async () => {
    if (notice.checked && !(await mayNotify())) {
      notice.checked = false;
      toast("This browser does not let the page notify you. Its settings for this site say so.", { tone: "error" });
    }
    keep(NAMES.notice, notice.checked);
    follow();
  });
  follow();
  return (asked) => {
    if (sound.checked) ring();
    if (notice.checked && !document.hasFocus()) show(asked);
  };
}
