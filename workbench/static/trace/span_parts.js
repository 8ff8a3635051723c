/** What a span says about itself: its attributes with their meaning, its events, its links. All of it is text. */

import { exploreAddress, traceAddress } from "../addresses.js";
import { duration } from "../format/time.js";
import { append, h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { attributeQuery, metricRange } from "./correlations.js";
import { conditionOn, plainText } from "./find.js";
import { grouped, meaning } from "./semantic_conventions.js";

/** Characters of a value that are shown at once: an attribute may hold a whole document. */
const SHOWN = 600;
/** A stack trace is read from its end, and whole. */
const SHOWN_STACK = 12_000;
const SHOWN_EVENTS = 100;

/**
 * Attributes in groups, each with two ways on: the spans of this trace that have it, and other traces that do.
 *
 * @param {string} title
 * @param {Map<string, *>} attributes
 * @param {{trace, span, scope: "span"|"resource", onFind: function(string): void, closed?: boolean}} options
 */
export function attributesPart(title, attributes, { trace, span, scope, onFind, closed = false }) {
  if (attributes.size === 0) return null;
  const actions = (name, value) => [
    h("button", {
      type: "button",
      class: "button button-quiet button-icon tiny",
      title: "Find the spans of this trace that have it",
      "aria-label": `Find ${name} with this value in the trace`,
      onclick: () => onFind(conditionOn(name, value)),
    }, icon("filter")),
    h("a", {
      class: "button button-quiet button-icon tiny",
      title: "Find traces that have it",
      "aria-label": `Find traces with this ${name}`,
      href: exploreAddress([{ source: "tempo", query: attributeQuery(scope, name, value) }], metricRange(trace, span)),
    }, icon("search")),
  ];
  return h(
    "details",
    { class: "details-part", open: !closed },
    h("summary", null, h("h4", null, `${title} (${attributes.size})`)),
    grouped(attributes).map((group) => [
      h("h5", null, group.title),
      attributeList(new Map(group.entries), actions),
    ]),
  );
}

/** What happened within a span, exceptions with their stack. */
export function eventsPart(span) {
  if (span.events.length === 0) return null;
  const rest = span.events.length - SHOWN_EVENTS;
  return h(
    "section",
    { class: "details-part" },
    h("h4", null, `Events (${span.events.length})`),
    h("ol", { class: "events" }, span.events.slice(0, SHOWN_EVENTS).map((event) => eventItem(event, span))),
    rest > 0 ? h("p", { class: "quiet" }, `${rest} more are in the JSON.`) : null,
  );
}

function eventItem(event, span) {
  const after = event.at - span.start;
  const stack = event.attributes.get("exception.stacktrace");
  const type = event.attributes.get("exception.type");
  const rest = new Map([...event.attributes].filter(([name]) => !/^exception\.(stacktrace|type|message)$/.test(name)));
  return h(
    "li",
    { class: type ? "event exception" : "event" },
    h(
      "p",
      { class: "event-head" },
      h("span", { class: "event-time" }, after < 0 ? `${duration(-after / 1e6)} before` : `+${duration(after / 1e6)}`),
      type
        ? [h("strong", null, plainText(type)), ": ", shortened(plainText(event.attributes.get("exception.message")))]
        : event.name || "(no name)",
    ),
    stack
      ? h(
        "details",
        { class: "stack" },
        h("summary", null, "Where it was raised"),
        h("pre", { tabindex: "0" }, shortened(plainText(stack), SHOWN_STACK)),
      )
      : null,
    rest.size ? attributeList(rest) : null,
  );
}

/** Other spans that a span names: what a batch was made of, what caused a message. */
export function linksPart(span) {
  if (span.links.length === 0) return null;
  return h(
    "section",
    { class: "details-part" },
    h("h4", null, `Links (${span.links.length})`),
    h(
      "ul",
      { class: "links" },
      span.links.slice(0, SHOWN_EVENTS).map((to) =>
        h(
          "li",
          null,
          h(
            "a",
            { href: traceAddress(to.traceId, { span: to.spanId }) },
            to.traceId === span.traceId ? `span ${to.spanId} of this trace` : `trace ${to.traceId}`,
          ),
          to.attributes.size ? attributeList(to.attributes) : null,
        )
      ),
    ),
  );
}

/** A text of any length; beyond what is read at once with a button that shows the rest. */
export function shortened(text, most = SHOWN) {
  if (text.length <= most) return text;
  const place = h("span", null, text.slice(0, most), "… ");
  const all = h(
    "button",
    { type: "button", class: "link", onclick: () => replace(place, text) },
    `show all ${text.length.toLocaleString("en")} characters`,
  );
  return append(place, all);
}

function attributeList(attributes, actions) {
  return h(
    "dl",
    { class: "attributes" },
    [...attributes].map(([name, value]) =>
      h(
        "div",
        { class: "attribute" },
        h("dt", { title: meaning(name) }, name, meaning(name) ? h("span", { class: "meaning" }, meaning(name)) : null),
        h(
          "dd",
          null,
          h("span", { class: `value ${typeof value}` }, shortened(plainText(value))),
          actions ? h("span", { class: "attribute-actions" }, actions(name, value)) : null,
        ),
      )
    ),
  );
}
