// Runs before the first paint, so that neither the theme nor the panel flashes.
(() => {
  const kept = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const root = document.documentElement;
  const theme = kept("mc-theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (kept("mc-feed") === "open") root.dataset.feed = "open";
  if (kept("mc-letters") === "off") root.dataset.letters = "off";
})();
