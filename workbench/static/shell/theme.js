/** Light, dark, or as the system has it. theme.js at the top applies it before the first paint. */

const NAME = "workbench.theme";

export const THEMES = [
  { id: "system", text: "As the system" },
  { id: "light", text: "Light" },
  { id: "dark", text: "Dark" },
];

/** @returns {"system"|"light"|"dark"} */
export function theme() {
  return document.documentElement.dataset.theme ?? "system";
}

export function setTheme(id) {
  if (id === "system") {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = id;
  }
  try {
    localStorage.setItem(NAME, id);
  } catch {
    // Refused: it holds until the page is loaded again.
  }
}
