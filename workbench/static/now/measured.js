/** "How is this measured?": the query behind each number, what it says, and the way to ask it oneself. */

import { exploreAddress } from "../addresses.js";
import { h, uniqueId } from "../ui/dom.js";
import { follow } from "../ui/floating.js";

/**
 * A small button that shows where numbers come from.
 *
 * @param {() => {title: string, tells: string, expr: string, source?: "prometheus"|"loki"|"tempo"}[]} numbers  asked
 *     when it is opened
 * @param {{text?: string, about?: string}} options  `about`: for screen readers, when the text alone does not say
 * @returns {HTMLElement}
 */
export function measured(numbers, { text = "How is this measured?", about } = {}) {
  const id = uniqueId("measured");
  const card = h("div", { class: "measured-card floating", id, popover: "auto", role: "dialog", "aria-label": text });
  const button = h(
    "button",
    { type: "button", class: "measured-button", popovertarget: id, "aria-label": about ? `${text} ${about}` : null },
    text,
  );
  let unfollow = null;
  card.addEventListener("toggle", (event) => {
    if (event.newState === "open") {
      card.replaceChildren(...numbers().map(explained));
      unfollow = follow(card, button);
    } else unfollow?.();
  });
  return h("span", { class: "measured" }, button, card);
}

/** One number: its name, what it says, its query. */
export function explained({ title, tells, expr, source = "prometheus" }) {
  return h(
    "section",
    { class: "measured-number" },
    h("h3", {}, title),
    h("p", {}, tells),
    h("pre", { tabindex: "0" }, h("code", {}, expr)),
    h("a", { href: exploreAddress([{ source, query: expr }]) }, "Ask it in Explore"),
  );
}
