/** One row of the waterfall: a span's name in its place in the tree, its times as numbers, and its bar. */

import { serviceCss } from "../colours.js";
import { byGravity } from "../data/levels.js";
import { duration } from "../format/time.js";
import { h } from "../ui/dom.js";
import { outsideText } from "./span_details.js";
import { coalesced, fraction } from "./window.js";

/** Marks closer than this share of the bar's place are one: 400 marks fit beside each other. */
const CLOSE = 1 / 400;

/**
 * @param {import("./model.js").Span} span
 * @param {{window: {start, end}, indent: number, collapsed: boolean, hidden: number, active: boolean,
 *   selected: boolean, match: boolean, dimmed: boolean, critical: {time, segments}|null,
 *   lines: Array<{at: number, level: string}>,
 *   id: string, rowIndex: number, siblings: {count: number, place: number}}} look
 *   `hidden`: spans under a collapsed one; `critical` null where the path is not drawn; `lines` with `at` in µs
 */
export function waterfallRow(span, look) {
  const expandable = span.children.length > 0;
  const states = {
    active: look.active,
    selected: look.selected,
    match: look.match,
    dimmed: look.dimmed,
    missing: span.missing,
    failed: span.status === "error",
  };
  const micros = (value) => duration(value / 1e6);
  return h(
    "div",
    {
      class: ["wf-row", ...Object.keys(states).filter((name) => states[name])].join(" "),
      role: "row",
      id: look.id,
      "data-id": span.id,
      "aria-level": span.depth + 1,
      "aria-rowindex": look.rowIndex,
      "aria-setsize": look.siblings.count,
      "aria-posinset": look.siblings.place,
      "aria-selected": look.selected,
      "aria-expanded": expandable ? !look.collapsed : null,
      style: { "--service": span.missing ? "var(--unknown)" : serviceCss(span.service) },
    },
    h(
      "div",
      { class: "wf-name", role: "rowheader", title: spanTitle(span) },
      h("span", {
        class: "wf-guides",
        style: { width: `${span.depth * look.indent}px`, "--indent": `${look.indent}px` },
      }),
      expandable
        ? h("button", {
          type: "button",
          class: "wf-toggle",
          tabindex: "-1",
          "aria-label": look.collapsed ? "Show what is under it" : "Hide what is under it",
        }, look.collapsed ? "▸" : "▾")
        : h("span", { class: "wf-toggle" }),
      h("span", { class: "wf-colour", "aria-hidden": "true" }),
      newService(span) ? h("span", { class: "wf-service" }, span.service) : null,
      h("span", { class: "wf-operation" }, span.missing ? "missing parent" : span.name || "(no name)"),
      hint(span) ? h("span", { class: "wf-hint" }, hint(span)) : null,
      look.collapsed && look.hidden ? h("span", { class: "wf-hidden" }, `+${look.hidden}`) : null,
      span.status === "error" ? h("span", { class: "error-word" }, "error") : null,
      span.outside ? h("span", { class: "wf-outside", title: outsideText(span) }, "clock?") : null,
    ),
    h("div", { class: "wf-number", role: "gridcell" }, span.missing ? "" : micros(span.duration)),
    h("div", { class: "wf-number quiet", role: "gridcell" }, span.missing ? "" : micros(span.selfTime)),
    h("div", { class: "wf-time", role: "gridcell" }, barParts(span, look)),
  );
}

/** Where a service's name tells something: at its first span below another's. */
const newService = (span) => !span.missing && (!span.parent || span.parent.service !== span.service);

/** What a bare name as "GET" leaves open: the path that was asked, the table that was read. */
const HINTS = [
  "url.path",
  "url.full",
  "http.route",
  "db.query.summary",
  "db.collection.name",
  "messaging.destination.name",
  "rpc.method",
];

function hint(span) {
  for (const name of HINTS) {
    const value = span.attributes.get(name);
    if (typeof value !== "string" || !value) continue;
    // Of a whole address the path tells; the host is among the attributes.
    return value.replace(/^https?:\/\/[^/]*(?=\/)/, "").slice(0, 80);
  }
  return null;
}

const spanTitle = (
  span,
) => (span.missing ? "Its parent is not in this trace" : `${span.service} ${span.name}`.slice(0, 300));

/** The facts of a span in a line, for a tooltip and for who listens. */
export function spanFacts(trace, span, critical) {
  if (span.missing) return `Missing parent of ${span.children.length}`;
  const micros = (value) => duration(value / 1e6);
  const share = trace.duration > 0 ? `, ${Math.round((span.duration / trace.duration) * 100)} % of the trace` : "";
  return [
    `${span.service} ${span.name}`.slice(0, 120),
    `${micros(span.duration)}${share}`,
    `self ${micros(span.selfTime)}`,
    critical ? `${micros(critical)} on the critical path` : "not on the critical path",
    `starts ${micros(span.start)} in`,
    span.status === "error" ? `error${span.statusMessage ? `: ${span.statusMessage.slice(0, 120)}` : ""}` : null,
    span.events.length ? `${span.events.length} ${span.events.length === 1 ? "event" : "events"}` : null,
  ].filter(Boolean).join(" · ");
}

function barParts(span, { window, critical, lines }) {
  const place = (start, end) => {
    const from = Math.max(fraction(window, start), 0);
    const to = Math.min(fraction(window, end), 1);
    return to < 0 || from > 1 ? null : { left: `${from * 100}%`, width: `${Math.max(to - from, 0) * 100}%` };
  };
  const gap = (window.end - window.start) * CLOSE;
  const inside = (at) => at >= window.start && at <= window.end;
  const bar = place(span.start, span.end);
  if (!bar) {
    const before = span.end < window.start;
    return h("span", { class: before ? "wf-beyond before" : "wf-beyond after" }, before ? "‹" : "›");
  }
  const path = coalesced(
    (critical?.segments ?? []).filter(({ start, end }) => end >= window.start && start <= window.end).map((part) => ({
      ...part,
    })),
    gap,
  );
  const ticks = coalesced(
    span.events.filter(({ at }) => inside(at)).map((event) => ({ start: event.at, end: event.at, event })),
    gap,
  );
  const dots = coalesced(
    lines.filter(({ at }) => inside(at)).map((line) => ({ start: line.at, end: line.at, line })),
    gap * 2,
  );
  return [
    h("span", { class: "wf-bar", style: bar }),
    path.map(({ start, end }) => h("span", { class: "wf-critical", style: place(start, end) })),
    ticks.map(({ start, items }) =>
      h("span", {
        class: items.some(({ event }) => event.name === "exception") ? "wf-event exception" : "wf-event",
        style: { left: `${fraction(window, start) * 100}%` },
        title: items.slice(0, 5).map(({ event }) => event.name.slice(0, 80)).join(", "),
      })
    ),
    dots.map(({ start, items }) =>
      h("span", {
        class: `wf-line level-${worst(items)}`,
        style: { left: `${fraction(window, start) * 100}%` },
        title: items.slice(0, 5).map(({ line }) => line.text.slice(0, 120)).join("\n"),
      })
    ),
  ];
}

const worst = (items) => items.map(({ line }) => line.level).sort(byGravity)[0];
