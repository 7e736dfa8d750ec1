// Quiet messages at the bottom: one at a time, gone by themselves unless they are problems.
const shelf = document.getElementById("toasts");
let timer = 0;

export function toast(words, { tone = "", action = "", onAction = null } = {}) {
  const box = document.createElement("div");
  box.className = "toast";
  if (tone) box.dataset.tone = tone;
  box.append(words);
  if (action) box.append(button(action, () => (shelf.replaceChildren(), onAction())));
  else if (tone === "error") box.append(button("Dismiss", () => shelf.replaceChildren()));
  shelf.replaceChildren(box);
  clearTimeout(timer);
  timer = setTimeout(() => shelf.replaceChildren(), tone === "error" ? 12000 : 5000);
}

function button(words, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button small quiet";
  made.textContent = words;
  made.addEventListener("click", press);
  return made;
}
