/** The sentence at the top of the page: how the system is. */

import { h } from "../ui/dom.js";
import { statusIcon, STATUS_WORDS } from "../graph/status_shape.js";

/** What it says while nobody can be asked. @param {boolean} wasAnswered whether there is an earlier answer to see */
export function unanswered(wasAnswered) {
  return {
    status: "unknown",
    headline: "Prometheus does not answer.",
    detail: wasAnswered ? "Below is how the system was when it last did." : "",
    asOf: null,
  };
}

/** @returns {{element: HTMLElement, update: ({status, headline, detail, asOf}) => void}} */
export function headline() {
  const title = h("span", {}, "How is the system?");
  const sign = h("span", { class: "now-sign", "aria-hidden": "true" });
  const word = h("span", { class: "visually-hidden" });
  const detail = h("p", { class: "now-detail" });
  const element = h("header", { class: "now-headline" }, h("h1", {}, sign, word, title), detail);
  let shown = "";
  return {
    element,
    update(told) {
      const key = JSON.stringify([told.status, told.headline, told.detail, told.asOf]);
      if (key === shown) return;
      shown = key;
      element.dataset.status = told.status;
      sign.replaceChildren(statusIcon(told.status, 24));
      word.textContent = `${STATUS_WORDS[told.status]}: `;
      if (title.textContent !== told.headline) title.textContent = told.headline;
      const text = told.asOf ? `As of ${told.asOf}. ${told.detail}` : told.detail;
      if (detail.textContent !== text) detail.textContent = text;
    },
  };
}
