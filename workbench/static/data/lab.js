/** What the workbench's own server knows: the lab's description, and marking a moment. */

import { ask } from "./http.js";

/** The description that came with the page; the server's pages.py says its form. */
export function labInPage() {
  const text = document.getElementById("lab")?.textContent ?? "";
  const told = text.trim() === "" ? {} : JSON.parse(text);
  return {
    version: "",
    stack: "embedded",
    readOnly: true,
    grafanaUrl: null,
    alertInbox: false,
    systems: [],
    dashboards: [],
    questions: [],
    scrapeIntervalSeconds: 5,
    ...told,
  };
}

/** The lab's description as it is now. */
export function lab({ signal } = {}) {
  return ask("/api/lab", { signal });
}

/**
 * Marks a moment: every dashboard shows it.
 *
 * @param {{text: string, kind: string, service?: string}} moment
 */
export function annotate(moment, { signal } = {}) {
  return ask("/api/annotations", { json: moment, signal });
}
