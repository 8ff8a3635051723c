/** The shortcuts that hold on every page. */

import { PAGES } from "../addresses.js";

/** What `/` looks for on a page: the place where its question is written. */
const QUERY = "[data-shortcut='query'], [role='combobox'], textarea, input[type='search']";

export function addShortcuts(keyboard, { header, time, navigate, page }) {
  for (const { key, title, path } of PAGES) {
    keyboard.add(`g ${key}`, title, () => navigate(header.addressWithRange(path)), "Go to");
  }
  keyboard.add("/", "Write a query", () => focusQuery(page));
  keyboard.add("r", "Refresh", () => time.refresh());
  keyboard.add("t", "Choose the time range", () => header.openTime());
  keyboard.add("m", "Mark a moment", () => header.openMark());
  keyboard.add("?", "These shortcuts", () => header.openShortcuts());
}

function focusQuery(page) {
  const place = [...page.querySelectorAll(QUERY)].find((element) => element.getClientRects().length > 0);
  place?.focus();
}
