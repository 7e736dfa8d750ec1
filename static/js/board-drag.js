// Drag and drop: the slot shows exactly where the card will land.
import { board, mayChange } from "./board-cards.js";
import { hold } from "./board-live.js";
import { settle, standing } from "./board-move.js";

let was = null;

function arm() {
  for (const list of board.querySelectorAll(".bay-list")) {
    Sortable.create(list, {
      group: "cards",
      draggable: ".card",
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 140,
      forceFallback: true,
      fallbackOnBody: true,
      fallbackTolerance: 4,
      delay: 180,
      delayOnTouchOnly: true,
      ghostClass: "landing",
      fallbackClass: "in-hand",
      scrollSensitivity: 60,
      emptyInsertThreshold: 40,
      onStart({ item }) {
        was = standing(item);
        hold(true);
      },
      onEnd({ item }) {
        const before = was;
        was = null;
        settle(item, before).finally(() => hold(false));
      },
    });
  }
}

if (mayChange) {
  arm();
  document.addEventListener("mc:columns", arm);
}
