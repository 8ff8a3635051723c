// The one classic script: it runs before the first paint, so that a chosen theme does not flash. shell/theme.js writes
// what is read here.
try {
  const theme = localStorage.getItem("workbench.theme");
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // A browser may refuse storage: then the system's theme it is.
}
