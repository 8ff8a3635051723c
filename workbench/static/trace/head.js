/** The head of a trace: what it is, how long it took, what is odd about it, and what can be done with it. */

import { exploreAddress } from "../addresses.js";
import { serviceCss } from "../colours.js";
import { ago, dateTime, duration, iso } from "../format/time.js";
import { toGrafanaTrace } from "../grafana_addresses.js";
import { copy, copyButton } from "../ui/clipboard.js";
import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menuButton } from "../ui/menu.js";
import { saveFile } from "../ui/save_file.js";
import { linesOfTrace, logRange, similarTraces } from "./correlations.js";
import { toOtlpJson } from "./otlp.js";

/** Services that are named in the head; more are counted. */
const NAMED = 8;

/**
 * @param {{trace, answer, context, onSelect: function(string), onAgain: function(), onUsual: function(),
 *   onCompare: function()}} options
 * @returns {HTMLElement}
 */
export function traceHead({ trace, answer, context, onSelect, onAgain, onUsual, onCompare }) {
  const { root, spans } = trace;
  const incomplete = trace.missingParents > 0 || root?.missing;
  return h(
    "header",
    { class: "trace-head" },
    h(
      "div",
      { class: "trace-title" },
      h(
        "h1",
        null,
        root?.missing
          ? "A trace without its first span"
          : [h("span", { class: "trace-service" }, root.service), " ", root.name || "(no name)"],
      ),
      h(
        "p",
        { class: "trace-facts" },
        h("strong", { class: "trace-duration" }, duration(trace.durationSeconds)),
        h(
          "time",
          { datetime: iso(trace.start), title: iso(trace.start) },
          `${dateTime(trace.start, { milliseconds: true })} (${ago(trace.start)})`,
        ),
        h("span", null, count(spans.length, "span")),
        h("span", null, count(trace.services.length, "service")),
        h("span", null, count(trace.depth, "level")),
        trace.errors
          ? h("span", { class: "error-word" }, count(trace.errors, "error"))
          : h("span", { class: "good-word" }, "no errors"),
        h(
          "span",
          { class: "trace-id" },
          h("code", null, trace.traceId),
          copyButton(trace.traceId, { label: "Copy the trace id", what: "The trace id" }),
        ),
      ),
    ),
    h(
      "div",
      { class: "trace-actions", role: "toolbar", "aria-label": "This trace" },
      h("a", {
        class: "button",
        href: exploreAddress([{ source: "loki", query: linesOfTrace(trace.traceId) }], logRange(trace)),
      }, "Log lines"),
      menuButton({}, ["Compare", icon("down")], () => [
        { text: "With a usual one", hint: "the same operation, near the median duration", onSelect: onUsual },
        { text: "With one that I choose", hint: "paste its id", onSelect: onCompare },
        root && !root.missing
          ? {
            text: "Find slower ones like it",
            href: exploreAddress([{ source: "tempo", query: similarTraces(root) }]),
          }
          : null,
      ]),
      h(
        "button",
        { type: "button", class: "button", title: "Asks for spans that came later", onclick: onAgain },
        icon("refresh"),
        "Look again",
      ),
      menuButton({}, ["More", icon("down")], () => [
        {
          text: "Download as OTLP JSON",
          hint: "any OTLP receiver takes it",
          icon: icon("download"),
          onSelect: () => download(trace, answer),
        },
        { text: "Copy a link to this view", icon: icon("link"), onSelect: () => copy(location.href, "The link") },
        context.lab.grafanaUrl
          ? {
            text: "Open in Grafana",
            href: toGrafanaTrace(context.lab.grafanaUrl, trace.traceId),
            external: true,
            icon: icon("external"),
          }
          : null,
        context.lab.jaegerUrl
          ? {
            text: "Open in Jaeger",
            href: `${context.lab.jaegerUrl}/trace/${trace.traceId}`,
            external: true,
            icon: icon("external"),
          }
          : null,
      ]),
    ),
    notes(trace, { onSelect, onAgain, incomplete }),
    h(
      "ul",
      { class: "trace-services", "aria-label": "Services" },
      trace.services.slice(0, NAMED).map((service) =>
        h("li", null, h("span", { class: "swatch", style: { background: serviceCss(service) } }), service)
      ),
      trace.services.length > NAMED ? h("li", null, `and ${trace.services.length - NAMED} more`) : null,
    ),
  );
}

function notes(trace, { onSelect, onAgain, incomplete }) {
  const goTo = (span) =>
    h(
      "button",
      { type: "button", class: "link", onclick: () => onSelect(span.id) },
      `${span.service} ${span.name}`.slice(0, 120),
    );
  const [origin, ...others] = trace.errorOrigins;
  const firstMissing = trace.rows.find((span) => span.missing);
  const parts = [
    origin
      ? h(
        "li",
        { class: "note-error" },
        "The error began in ",
        goTo(origin),
        origin.statusMessage ? `: ${origin.statusMessage.slice(0, 200)}` : "",
        others.length > 1 ? `, and there are ${others.length} more such places` : "",
        others.length === 1 ? ", and there is one more such place" : "",
        ".",
      )
      : null,
    incomplete
      ? h(
        "li",
        null,
        `${count(trace.missingParents, "parent")} ${trace.missingParents === 1 ? "is" : "are"} missing `,
        firstMissing
          ? h("button", { type: "button", class: "link", onclick: () => onSelect(firstMissing.id) }, "(where)")
          : null,
        ": not all spans have come. ",
        h("button", { type: "button", class: "link", onclick: onAgain }, "Look again"),
      )
      : null,
    trace.outside
      ? h(
        "li",
        null,
        `${count(trace.outside, "span")} ${
          trace.outside === 1 ? "leaves its" : "leave their"
        } parent's time: marked "clock?".`,
      )
      : null,
    trace.duplicates
      ? h(
        "li",
        null,
        `${count(trace.duplicates, "span")} came twice and ${trace.duplicates === 1 ? "is" : "are"} shown once.`,
      )
      : null,
    trace.roots.filter((span) => !span.missing).length > 1
      ? h("li", null, `It has ${trace.roots.filter((span) => !span.missing).length} spans without a parent.`)
      : null,
  ].filter(Boolean);
  return parts.length ? h("ul", { class: "trace-notes" }, parts) : null;
}

/** A file that any OTLP receiver takes. */
function download(trace, answer) {
  const text = `${JSON.stringify(toOtlpJson(answer), null, 1)}\n`;
  saveFile(`trace-${trace.traceId}.json`, text, "application/json");
}

export const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
