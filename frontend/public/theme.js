// Paints the chosen theme before the first frame, so that a dark console never flashes white.
// A file and not an inline script: the content security policy allows no inline scripts.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("hearth-theme");
  } catch {
    // Storage may be closed to us; the system's theme is right then.
  }
  const dark =
    chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
