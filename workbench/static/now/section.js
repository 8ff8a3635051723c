/** A part of the page under a heading, with links beside it. */

import { h, uniqueId } from "../ui/dom.js";

/**
 * @param {string} title
 * @param {...(Node|null)} beside  links and buttons at the right of the heading
 * @returns {{element: HTMLElement, body: HTMLElement}}
 */
export function section(title, ...beside) {
  const id = uniqueId("section");
  const body = h("div", { class: "now-card-body" });
  const element = h(
    "section",
    { class: "now-card", "aria-labelledby": id },
    h("div", { class: "now-card-head" }, h("h2", { id }, title), beside),
    body,
  );
  return { element, body };
}

/** Seconds between two points, so that there are about `points` of them, and at least one scrape lies between two. */
export function stepFor({ from, to }, points, scrapeSeconds) {
  return Math.max(scrapeSeconds, Math.ceil((to - from) / points / scrapeSeconds) * scrapeSeconds);
}
