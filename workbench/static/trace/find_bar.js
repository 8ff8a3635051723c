/** The field in which spans of a trace are looked for, with the place among those found and the ways to the next. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { finder } from "./find.js";

/**
 * @param {{text: string, trace, more?: Node, onFind: function(string): void, onStep: function(string): void,
 *   onLeave: function(): void}} options `onFind` hears each change of the text, `onStep` the id of the next span found,
 *   `onLeave` that the way goes down to the rows; `more` stands behind the ways to the next one
 * @returns {{element: HTMLElement, matches: (Set<string>|null), set: function(string): void, focus: function(): void,
 *   step: function(number): void, update: function({trace?, selected?, text?}): void}} `matches`: ids, null where
 *   nothing is looked for
 */
export function findBar({ text, trace, more = null, onFind, onStep, onLeave }) {
  let found = [];
  let matches = null;
  let selected = null;
  const input = h("input", {
    class: "input",
    type: "search",
    value: text,
    placeholder: "Find: words, http.route=…, > 5ms, error",
    "aria-label": "Find spans in this trace",
    spellcheck: "false",
    autocomplete: "off",
    oninput: () => changed(),
    onkeydown: pressed,
  });
  const place = h("output", { class: "find-place", "aria-live": "polite" });
  const way = (label, title, by) =>
    h("button", {
      type: "button",
      class: "button button-quiet button-icon",
      "aria-label": label,
      title,
      onclick: () => step(by),
    }, icon(by < 0 ? "up" : "down"));
  const ways = h(
    "span",
    { class: "find-steps", hidden: true },
    way("The one before", "Shift+Enter", -1),
    way("The next one", "Enter", 1),
    more,
  );
  match();

  function changed() {
    match();
    onFind(input.value.trim());
  }

  function match() {
    const test = finder(input.value);
    found = test ? trace.spans.filter(test) : [];
    matches = test ? new Set(found.map((span) => span.id)) : null;
    ways.hidden = !test;
    tell();
  }

  function tell() {
    const at = found.findIndex((span) => span.id === selected) + 1;
    place.textContent = matches ? (found.length ? `${at || "–"} of ${found.length}` : "none") : "";
  }

  /** To the next one found, or with -1 to the one before; from the last to the first. */
  function step(by) {
    if (!found.length) return;
    const at = found.findIndex((span) => span.id === selected);
    const first = by > 0 ? 0 : found.length - 1;
    onStep(found[at < 0 ? first : (at + by + found.length) % found.length].id);
  }

  function pressed(event) {
    if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape" && input.value) {
      input.value = "";
      changed();
    } else if (event.key === "ArrowDown") onLeave();
    else return;
    event.preventDefault();
  }

  return {
    element: h("div", { class: "trace-find" }, input, place, ways),
    get matches() {
      return matches;
    },
    set(next) {
      input.value = next;
      changed();
    },
    focus: () => input.focus(),
    step,
    update(changes) {
      if ("selected" in changes) selected = changes.selected;
      if ("trace" in changes) trace = changes.trace;
      if ("text" in changes) input.value = changes.text;
      if ("trace" in changes || "text" in changes) match();
      else tell();
    },
  };
}
