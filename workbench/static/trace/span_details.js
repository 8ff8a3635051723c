/** Everything about one span: what it did, for how long, what it said, and where to look next. */

import { exploreAddress, logsAddress, serviceAddress } from "../addresses.js";
import { serviceCss } from "../colours.js";
import { dateTime, duration } from "../format/time.js";
import { logList } from "../logs/list.js";
import { copyButton } from "../ui/clipboard.js";
import { h, replace, safeAddress } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { errorState, loading } from "../ui/states.js";
import { linesOfSpan, linesOfTrace, logRange, metricQuestions, metricRange, similarTraces } from "./correlations.js";
import { unixSeconds } from "./model.js";
import { KINDS } from "./semantic_conventions.js";
import { attributesPart, eventsPart, linksPart, shortened } from "./span_parts.js";

/**
 * @param {HTMLElement} root
 * @param {{trace, span, critical: number, lines: Promise<Map<string, Array>>, measured: Promise<Object>,
 *   context, onSelect: function(string): void, onFind: function(string): void, onClose: function(): void}} options
 *   `critical`: µs on the critical path
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
      // Where something was raised, that is what one came for.
      span.status === "error" ? [eventsPart(span), lines] : [lines, eventsPart(span)],
      linksPart(span),
      attributesPart("Attributes", span.attributes, { ...options, scope: "span" }),
      attributesPart("Resource", span.resource, { ...options, scope: "resource", closed: true }),
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
    options.measured.then((measured) => !ended && replace(metrics, metricLinks(trace, span, measured))).catch(() => {});
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

function metricLinks(trace, span, measured) {
  const range = metricRange(trace, span);
  const [first, ...more] = metricQuestions(span, measured).map(({ title, of, query }) => ({
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
          { href: logsAddress({ query: linesOfTrace(span.traceId), ...logRange(trace) }) },
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

function scopePart(span) {
  if (!span.scope.name) return null;
  return h(
    "p",
    { class: "quiet details-part" },
    "Made by ",
    h("code", null, shortened(`${span.scope.name} ${span.scope.version}`.trim())),
  );
}

function link(text, href, title = null) {
  return safeAddress(href) ? h("a", { class: "way", href, title }, text) : null;
}
