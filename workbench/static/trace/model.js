/**
 * A trace as a tree in the order in which it is shown, and what follows from it: self times, errors, what is odd.
 *
 * Everything here is pure. Times inside a trace are microseconds since its first span, as Numbers: the differences are
 * taken in BigInt nanoseconds first, so nothing is rounded away. The critical path is in critical_path.js, sums are in
 * statistics.js.
 */

import { flatSpans } from "./otlp.js";

/**
 * @typedef {object} Span
 * @property {string} id      unique within the trace: the span id, with "#2" behind it where two spans share one
 * @property {string} spanId  16 hex digits
 * @property {string} parentSpanId empty for a root
 * @property {Span|null} parent
 * @property {Span[]} children by start
 * @property {number} depth   0 for a root
 * @property {number} index   place among `rows`
 * @property {boolean} missing true for a place that stands for a parent that is not in the answer
 * @property {string} service
 * @property {number} start    µs since the trace's start
 * @property {number} duration µs
 * @property {number} end      µs since the trace's start
 * @property {number} selfTime µs in which none of its children ran
 * @property {{before: number, after: number}|null} outside µs by which it leaves its parent, or null
 * @property {Array<{name, at: number, attributes: Map}>} events `at` in µs since the trace's start
 * and name, kind, status, statusMessage, startNano, endNano, attributes, resource, scope, links as in otlp.js.
 */

/**
 * @param {object} answer Tempo's v1 or v2 answer, or an OTLP document
 * @returns {{traceId: string, spans: Span[], rows: Span[], roots: Span[], root: Span|null, byId: Map<string, Span>,
 *   services: string[], startNano: bigint, start: number, duration: number, durationSeconds: number, depth: number,
 *   errors: number, errorOrigins: Span[], missingParents: number, duplicates: number, outside: number}}
 *   `spans` are the answer's, in order of display; `rows` besides has the places of missing parents. `start` in unix
 *   seconds, `duration` in µs, `depth` in levels, `services` in order of their appearance.
 */
export function parseTrace(answer) {
  const { spans: found, duplicates } = withoutDuplicates(flatSpans(answer));
  const startNano = found.reduce(
    (least, span) => (span.startNano < least ? span.startNano : least),
    found[0]?.startNano ?? 0n,
  );
  const spans = found.map((span) => placed(span, startNano));
  const { roots, byId } = tree(spans);
  const rows = inOrder(roots);
  const real = rows.filter((span) => !span.missing);
  rows.forEach((span, index) => {
    span.index = index;
    span.depth = span.parent ? span.parent.depth + 1 : 0;
    measure(span);
  });
  const duration = real.reduce((most, span) => Math.max(most, span.end), 0);
  const root = roots.find((span) => !span.missing) ?? roots[0] ?? null;
  return {
    traceId: real.find((span) => span.traceId)?.traceId ?? "",
    spans: real,
    rows,
    roots,
    root,
    byId,
    services: [...new Set(real.map((span) => span.service))],
    startNano,
    start: Number(startNano / 1000n) / 1e6,
    duration,
    durationSeconds: duration / 1e6,
    depth: rows.reduce((most, span) => Math.max(most, span.depth + 1), 0),
    errors: real.filter((span) => span.status === "error").length,
    errorOrigins: errorOrigins(real),
    missingParents: rows.length - real.length,
    duplicates,
    outside: real.filter((span) => span.outside).length,
  };
}

/** The parts of a time in which at least one of the intervals [start, end] runs, in order. */
export function union(intervals) {
  const merged = [];
  for (const [start, end] of intervals.filter(([a, b]) => b > a).sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/** A difference of microseconds, without the noise behind the nanosecond. */
export const exact = (micros) => Math.round(micros * 1000) / 1000;

/** All spans under one, without itself, in order of display. */
export function descendants(span) {
  return inOrder([span]).slice(1);
}

/** The way from a root to a span, the root first. */
export function ancestors(span) {
  const way = [];
  for (let up = span.parent; up; up = up.parent) way.push(up);
  return way.reverse();
}

/** Unix seconds of a moment of the trace, given in µs since its start. */
export const unixSeconds = (trace, micros) => trace.start + micros / 1e6;

function withoutDuplicates(spans) {
  const seen = new Map();
  let duplicates = 0;
  const kept = [];
  for (const span of spans) {
    const same = seen.get(span.spanId) ?? [];
    seen.set(span.spanId, same);
    if (same.some((other) => sameSpan(other, span))) {
      duplicates += 1;
      continue;
    }
    // One id for two spans is an error of whoever made them (or Zipkin's way to share one): both are shown.
    span.id = same.length ? `${span.spanId}#${same.length + 1}` : span.spanId;
    same.push(span);
    kept.push(span);
  }
  return { spans: kept, duplicates };
}

const sameSpan = (a, b) =>
  a.startNano === b.startNano && a.endNano === b.endNano && a.name === b.name && a.kind === b.kind &&
  a.parentSpanId === b.parentSpanId;

function placed(span, startNano) {
  const micros = (nano) => Number(nano - startNano) / 1000;
  const start = micros(span.startNano);
  // An end before the start (a clock set back, a span cut off) is a span without duration.
  const end = Math.max(start, micros(span.endNano));
  // The span is fresh from its answer and nobody else's: to copy ten thousand of them is what would take time.
  return Object.assign(span, {
    service: String(span.resource.get("service.name") ?? "") || "unknown_service",
    missing: false,
    parent: null,
    children: [],
    depth: 0,
    index: 0,
    start,
    end,
    duration: exact(end - start),
    selfTime: 0,
    outside: null,
    events: span.events.map((event) => ({ ...event, at: micros(event.nano) })).sort((a, b) => a.at - b.at),
  });
}

function tree(spans) {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const roots = [];
  const places = new Map();
  for (const span of spans) {
    if (!span.parentSpanId) {
      roots.push(span);
      continue;
    }
    let parent = byId.get(span.parentSpanId);
    if (!parent || parent === span) {
      parent = places.get(span.parentSpanId) ?? missingPlace(span.parentSpanId, span.traceId);
      places.set(span.parentSpanId, parent);
    }
    span.parent = parent;
    parent.children.push(span);
  }
  roots.push(...places.values());
  breakCircles(spans, roots);
  for (const place of places.values()) byId.set(place.id, place);
  // Those of a missing parent tell where it has to have been.
  for (const place of places.values()) {
    place.start = place.children.reduce((least, child) => Math.min(least, child.start), Infinity);
    place.end = place.children.reduce((most, child) => Math.max(most, child.end), place.start);
    place.duration = place.end - place.start;
  }
  for (const span of [...spans, ...places.values()]) span.children.sort(earlierFirst);
  return { roots: roots.sort(earlierFirst), byId };
}

const earlierFirst = (a, b) => a.start - b.start || b.end - a.end;

function missingPlace(spanId, traceId) {
  return {
    id: `missing ${spanId}`,
    spanId,
    traceId,
    parentSpanId: "",
    missing: true,
    parent: null,
    children: [],
    depth: 0,
    index: 0,
    service: "",
    name: "missing parent",
    kind: "unspecified",
    status: "unset",
    statusMessage: "",
    start: 0,
    end: 0,
    duration: 0,
    selfTime: 0,
    outside: null,
    events: [],
    links: [],
    attributes: new Map(),
    resource: new Map(),
    scope: { name: "", version: "", attributes: new Map() },
    startNano: 0n,
    endNano: 0n,
    traceState: "",
  };
}

/** Spans that are each other's parents hang on no root: the earliest of each circle becomes one. */
function breakCircles(spans, roots) {
  const reached = new Set(inOrder(roots));
  if (spans.every((span) => reached.has(span))) return;
  for (const span of [...spans].sort(earlierFirst)) {
    if (reached.has(span)) continue;
    span.parent.children.splice(span.parent.children.indexOf(span), 1);
    span.parent = null;
    roots.push(span);
    for (const other of inOrder([span])) reached.add(other);
  }
}

/** Depth first, without recursion: a chain of ten thousand spans is deeper than the stack. */
function inOrder(roots) {
  const order = [];
  const waiting = [...roots].reverse();
  while (waiting.length) {
    const span = waiting.pop();
    order.push(span);
    for (let i = span.children.length - 1; i >= 0; i -= 1) waiting.push(span.children[i]);
  }
  return order;
}

function measure(span) {
  const inside = span.children.map((child) => [Math.max(child.start, span.start), Math.min(child.end, span.end)]);
  const covered = union(inside).reduce((sum, [start, end]) => sum + end - start, 0);
  span.selfTime = span.missing ? 0 : exact(Math.max(0, span.duration - covered));
  const parent = span.parent;
  if (!parent || parent.missing) return;
  const before = exact(Math.max(0, parent.start - span.start));
  // Who publishes a message waits for none of those that it is for.
  const after = span.kind === "consumer" ? 0 : exact(Math.max(0, span.end - parent.end));
  if (before || after) span.outside = { before, after };
}

/** Where errors began: the failing spans under which nothing failed, the deepest first. */
function errorOrigins(spans) {
  const above = new Set();
  for (const span of spans) {
    if (span.status !== "error") continue;
    for (let up = span.parent; up && !above.has(up); up = up.parent) above.add(up);
  }
  return spans
    .filter((span) => span.status === "error" && !above.has(span))
    .sort((a, b) => b.depth - a.depth || a.end - b.end);
}
