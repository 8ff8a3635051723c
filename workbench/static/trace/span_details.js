/** Everything about one span: what it did, for how long, what it said, and where to look next. */

import { exploreAddress, logsAddress, serviceAddress, traceAddress } from "../addresses.js";
import { serviceCss } from "../colours.js";
import { dateTime, duration } from "../format/time.js";
import { logList } from "../logs/list.js";
import { copyButton } from "../ui/clipboard.js";
import { append, h, replace, safeAddress } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { errorState, loading } from "../ui/states.js";
import { attributeQuery, linesOfSpan, logRange, metricQuestions, metricRange, similarTraces } from "./correlations.js";
import { plainText } from "./find.js";
import { unixSeconds } from "./model.js";
import { grouped, KINDS, meaning } from "./semantic_conventions.js";

/** Characters of a value that are shown at once: an attribute may hold a whole document. */
const SHOWN = 600;
/** A stack trace is read from its end, and whole. */
const SHOWN_STACK = 12_000;
const SHOWN_EVENTS = 100;

/**
 * @param {HTMLElement} root
 * @param {{trace, span, critical: number, lines: Promise<Map<string, Array>>, metricNames: Promise<Set<string>>,
 *   context, signal: AbortSignal, onSelect: function(string): void, onFind: function(string): void,
 *   onClose: function(): void, onUsual: function(): void}} options `critical`: µs on the critical path
 * @returns {{destroy: function(): void}}
 */
export function spanDetails(root, options) {
  const { trace, span } = options;
  const lines = h("section", { class: "details-part" });
  const metrics = h("span", { class: "details-metrics" });
  const element = h(
    "article",
    { class: "span-details", "aria-label": `Span ${span.name}` },
    heading(options),
    span.missing ? missing(span) : [
      span.statusMessage ? h("p", { class: "details-message" }, shortened(span.statusMessage)) : null,
      facts(options),
      h(
        "div",
        { class: "details-ways" },
        link("Log lines in Explore", exploreAddress([{ source: "loki", query: linesOfSpan(span) }], logRange(trace))),
        link(
          "Traces like it, but slower",
          exploreAddress([{ source: "tempo", query: similarTraces(span) }], metricRange(trace, span)),
        ),
        metrics,
        link(`${span.service} on the map`, serviceAddress(span.service)),
      ),
      lines,
      eventsPart(span),
      linksPart(span),
      attributesPart("Attributes", span.attributes, options, "span"),
      attributesPart("Resource", span.resource, options, "resource", { closed: true }),
      scopePart(span),
    ],
  );
  root.append(element);

  let list = null;
  let ended = false;
  const shown = (data) => {
    if (ended) return;
    list = linesPart(lines, data, options);
  };
  if (!span.missing) {
    const timer = setTimeout(() => !list && replace(lines, loading("Looking for its log lines")), 150);
    options.lines.then((byId) => shown(byId.get(span.spanId) ?? []))
      .catch((error) => !ended && replace(lines, h("h4", null, "Log lines"), errorState(error)))
      .finally(() => clearTimeout(timer));
    options.metricNames.then((names) => !ended && replace(metrics, metricLinks(trace, span, names))).catch(() => {});
  }
  return {
    destroy() {
      ended = true;
      list?.destroy();
      element.remove();
    },
  };
}

function heading({ span, onClose }) {
  return h(
    "header",
    { class: "details-heading" },
    h(
      "div",
      { class: "details-title" },
      h("span", { class: "swatch", style: { background: span.missing ? "transparent" : serviceCss(span.service) } }),
      h("span", { class: "details-service" }, span.missing ? "not in this trace" : span.service),
      h("h3", null, span.name || "(no name)"),
      span.status === "error" ? h("span", { class: "error-word" }, "error") : null,
    ),
    h("button", {
      type: "button",
      class: "button button-quiet button-icon",
      "aria-label": "Close the details",
      title: "Close (Escape)",
      onclick: onClose,
    }, icon("close")),
  );
}

function missing(span) {
  return h(
    "div",
    { class: "details-message" },
    h(
      "p",
      null,
      `The span ${span.spanId} is named as the parent of ${span.children.length} ${
        span.children.length === 1 ? "span" : "spans"
      }, but it is not in the answer.`,
    ),
    h("p", null, "It may still be on its way (look again), its service may not send spans, or it was lost."),
  );
}

function facts({ trace, span, critical, onSelect }) {
  const share = trace.duration > 0 ? Math.round((span.duration / trace.duration) * 1000) / 10 : 100;
  const micros = (value) => duration(value / 1e6);
  const at = unixSeconds(trace, span.start);
  const fact = (name, ...value) => h("div", { class: "fact" }, h("dt", null, name), h("dd", null, value));
  const parent = span.parent;
  return h(
    "dl",
    { class: "facts" },
    fact(
      "Duration",
      h("strong", null, micros(span.duration)),
      h("span", { class: "quiet" }, ` ${share} % of the trace`),
    ),
    fact(
      "Self time",
      micros(span.selfTime),
      span.children.length ? h("span", { class: "quiet" }, " in which no child ran") : null,
    ),
    fact(
      "Critical path",
      critical
        ? [micros(critical), h("span", { class: "quiet" }, " that everything waited for")]
        : "not on it: nothing waited for it",
    ),
    fact(
      "Starts",
      `${micros(span.start)} in`,
      h("span", { class: "quiet" }, ` ${dateTime(at, { milliseconds: true })}`),
    ),
    span.outside ? fact("Clock", outsideText(span)) : null,
    fact("Kind", span.kind, h("span", { class: "quiet" }, ` ${KINDS[span.kind] ?? ""}`)),
    fact("Status", span.status === "unset" ? "unset: nothing was said, so it went well" : span.status),
    fact(
      "Span id",
      h("code", null, span.spanId),
      copyButton(span.spanId, { label: "Copy the span id", what: "The span id" }),
    ),
    parent
      ? fact(
        "Parent",
        h("button", {
          type: "button",
          class: "link",
          onclick: () => onSelect(parent.id),
        }, parent.missing ? "missing" : `${parent.service} ${parent.name}`),
      )
      : null,
    span.traceState ? fact("Trace state", h("code", null, shortened(span.traceState))) : null,
  );
}

/** What it means that a span is not within its parent. */
export function outsideText(span) {
  const parts = [];
  if (span.outside.before) {
    parts.push(`starts ${duration(span.outside.before / 1e6)} before its parent: two clocks differ`);
  }
  if (span.outside.after) {
    parts.push(`ends ${duration(span.outside.after / 1e6)} after its parent: nobody waited for it, or clocks differ`);
  }
  return parts.join("; ");
}

function metricLinks(trace, span, names) {
  const range = metricRange(trace, span);
  const [first, ...more] = metricQuestions(span, names).map(({ title, of, query }) => ({
    title,
    of,
    to: exploreAddress([{ source: "prometheus", query }], range),
  }));
  return [first, ...more].map(({ title, of, to }) => link(title, to, `${title} of ${of} at that time`));
}

function linesPart(root, lines, { trace, span, context }) {
  const place = h("div", { class: "details-lines" });
  const count = lines.length ? ` (${lines.length})` : "";
  replace(root, h("h4", null, `Log lines${count}`), place);
  if (lines.length === 0) {
    place.append(
      h(
        "p",
        { class: "quiet" },
        "This span wrote none. ",
        h(
          "a",
          { href: logsAddress({ query: `{service=~".+"} |= "${span.traceId}" | json`, ...logRange(trace) }) },
          "All lines of the trace",
        ),
      ),
    );
    return null;
  }
  return logList(place, {
    lines,
    wrap: true,
    newestFirst: false,
    context,
    maxHeight: 360,
    hideService: true,
    label: `Log lines of ${span.name}`,
  });
}

function eventsPart(span) {
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

function linksPart(span) {
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

function attributesPart(title, attributes, { trace, span, onFind }, scope, { closed = false } = {}) {
  if (attributes.size === 0) return null;
  const actions = (name, value) => [
    h("button", {
      type: "button",
      class: "button button-quiet button-icon tiny",
      title: "Find the spans of this trace that have it",
      "aria-label": `Find ${name} with this value in the trace`,
      onclick: () => onFind(condition(name, value)),
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

function scopePart(span) {
  if (!span.scope.name) return null;
  return h(
    "p",
    { class: "quiet details-part" },
    "Made by ",
    h("code", null, shortened(`${span.scope.name} ${span.scope.version}`.trim())),
  );
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

/** A text of any length; beyond what is read at once with a button that shows the rest. */
function shortened(text, most = SHOWN) {
  if (text.length <= most) return text;
  const place = h("span", null, text.slice(0, most), "… ");
  const all = h(
    "button",
    { type: "button", class: "link", onclick: () => replace(place, text) },
    `show all ${text.length.toLocaleString("en")} characters`,
  );
  return append(place, all);
}

const condition = (name, value) =>
  `${name}=${
    /[\s"]/.test(plainText(value)) || plainText(value) === "" ? JSON.stringify(plainText(value)) : plainText(value)
  }`;

function link(text, href, title = null) {
  return safeAddress(href) ? h("a", { class: "way", href, title }, text) : null;
}
