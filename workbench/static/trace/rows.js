/** Which spans of a trace have a row: what is collapsed, and what leads to a span that was found. Pure. */

import { descendants } from "./model.js";

/**
 * The spans to show, in order.
 *
 * @param {object} trace from model.js
 * @param {{collapsed: Set<string>, matches: Set<string>|null, onlyMatches: boolean}} look ids of spans
 */
export function rowsShown(trace, { collapsed, matches, onlyMatches }) {
  const wanted = onlyMatches && matches ? leadingTo(trace, matches) : null;
  const rows = [];
  for (let i = 0; i < trace.rows.length; i += 1) {
    const span = trace.rows[i];
    if (wanted && !wanted.has(span)) continue;
    rows.push(span);
    if (collapsed.has(span.id) && span.children.length) i += countUnder(trace, span);
  }
  return rows;
}

/** How many rows stand under a span. */
export function countUnder(trace, span) {
  let last = span.index;
  while (last + 1 < trace.rows.length && trace.rows[last + 1].depth > span.depth) last += 1;
  return last - span.index;
}

function leadingTo(trace, matches) {
  const wanted = new Set();
  for (const id of matches) {
    for (let span = trace.byId.get(id); span && !wanted.has(span); span = span.parent) wanted.add(span);
  }
  return wanted;
}

/** All ids that have children, from a depth on: what is collapsed to see a tree of `depth` levels. */
export function collapsedFrom(trace, depth) {
  return new Set(trace.rows.filter((span) => span.depth >= depth - 1 && span.children.length).map((span) => span.id));
}

/** All ids under a span that have children, and its own. */
export const withChildrenUnder = (span) =>
  [span, ...descendants(span)].filter((one) => one.children.length).map((one) => one.id);
