/** What was done here and what came of it, each line with its trace. */

import { byId, h, replace } from "./dom.js";

const LINES = 60;

let template = "";
const list = h("ol", { class: "log", "aria-live": "polite", tabindex: "0", "aria-labelledby": "log-title" });

export function showJournal() {
  replace(byId("log"), h("h2", { id: "log-title" }, "What happened"), list);
}

/** @param {string} traceUrlTemplate holds {trace_id}; until it is known, lines have no link. */
export function linkTraces(traceUrlTemplate) {
  template = traceUrlTemplate;
}

/** A line; `isBad` for what was refused. */
export function note(sentence, traceId, isBad = false) {
  const now = new Date();
  const time = h("time", { datetime: now.toISOString() }, now.toLocaleTimeString("en-GB"));
  list.prepend(h("li", { class: isBad ? "bad" : null }, time, sentence, traceId && template ? [" ", traceLink(traceId)] : null));
  while (list.children.length > LINES) {
    list.lastElementChild.remove();
  }
}

function traceLink(traceId) {
  const address = template.replace("{trace_id}", encodeURIComponent(traceId));
  return h("a", { href: address, target: "_blank", rel: "noopener", "data-trace": traceId }, `trace ${traceId.slice(0, 8)}`);
}
