// A second press while the first is on its way would only spend an attempt.
const form = document.querySelector("form");
let sent = false;
form?.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  form.querySelector("button").textContent = "Signing in";
});
addEventListener("pageshow", () => (sent = false));
