/**
 * The critical path of a trace: at each moment the one span that everything waited for.
 *
 * Walked back from the end: what finished last, before that, held up its parent; where no child runs, the parent itself
 * worked. A span that is not on the path can become faster without anybody noticing.
 */

import { exact } from "./model.js";

/**
 * Segments that tile the root's duration without gap or overlap, in order of time.
 * @param {{root: import("./model.js").Span|null}} trace
 * @returns {Array<{span: import("./model.js").Span, start: number, end: number}>} µs since the trace's start
 */
export function criticalPath({ root }) {
  const segments = [];
  if (!root) return segments;
  const waiting = [{ span: root, from: root.start, until: root.end, own: false }];
  while (waiting.length) {
    const piece = waiting.pop();
    if (piece.own) segments.push({ span: piece.span, start: piece.from, end: piece.until });
    // The latest piece goes first on the stack, so that the earliest comes off it first.
    else waiting.push(...pieces(piece));
  }
  return segments;
}

/**
 * The time each span contributes to the path, in µs, and its segments.
 * @returns {Map<import("./model.js").Span, {time: number, segments: Array<{start: number, end: number}>}>}
 */
export function criticalTimes(segments) {
  const times = new Map();
  for (const { span, start, end } of segments) {
    const entry = times.get(span) ?? { time: 0, segments: [] };
    entry.time = exact(entry.time + end - start);
    entry.segments.push({ start, end });
    times.set(span, entry);
  }
  return times;
}

/** What a span's time from `from` to `until` consists of, the latest first: stretches of its own and its children. */
function pieces({ span, from, until }) {
  const found = [];
  let cursor = until;
  for (const child of clipped(span, from, until)) {
    // Still running when a later one, that held everything up, had begun: nobody waited for this one.
    if (child.until > cursor) continue;
    if (child.until < cursor) found.push({ span, from: child.until, until: cursor, own: true });
    found.push(child);
    cursor = child.from;
  }
  if (cursor > from) found.push({ span, from, until: cursor, own: true });
  return found;
}

function clipped(span, from, until) {
  return span.children
    .filter((child) => waitedFor(child, span))
    .map((child) => ({
      span: child,
      from: Math.max(child.start, from),
      until: Math.min(child.end, until),
      own: false,
    }))
    .filter((piece) => piece.until > piece.from)
    .sort((a, b) => b.until - a.until || a.from - b.from);
}

/** A consumer that ends after its producer worked on its own. Others that end later have another clock. */
const waitedFor = (child, parent) => child.kind !== "consumer" || child.end <= parent.end || parent.missing;
