/** A trace folded for a flame graph: siblings of one operation become one node. Pure. */

import { exact } from "./model.js";

/**
 * @typedef {{service: string, name: string, count: number, total: number, self: number, errors: number,
 *   longest: import("./model.js").Span, children: Node[]}} Node `total` and `self` in µs
 * @returns {Node} the trace's root; where there are several, a node that holds them all
 */
export function foldedTrace(trace) {
  const top = { service: "", name: "all", count: 0, total: 0, self: 0, errors: 0, longest: trace.root, children: [] };
  const waiting = [[top, trace.roots]];
  while (waiting.length) {
    const [node, spans] = waiting.pop();
    const groups = new Map();
    for (const span of spans) {
      const key = `${span.service}\n${span.name}`;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(span);
    }
    node.children = [...groups.values()].map((group) => {
      const child = folded(group);
      waiting.push([child, group.flatMap((span) => span.children)]);
      return child;
    });
  }
  top.total = exact(top.children.reduce((sum, child) => sum + child.total, 0));
  return top.children.length === 1 ? top.children[0] : top;
}

/**
 * Where each node is drawn, callers first: `left` and `width` as shares of the whole, `level` from the top.
 * Children that ran at the same time can take longer together than their parent: they share its width.
 */
export function blocks(node, narrowest) {
  const found = [];
  const waiting = [{ node, left: 0, width: 1, level: 0 }];
  while (waiting.length) {
    const block = waiting.pop();
    found.push(block);
    const together = block.node.children.reduce((sum, child) => sum + child.total, 0);
    const whole = Math.max(block.node.total, together, 1e-9);
    let left = block.left;
    for (const child of block.node.children) {
      const width = (child.total / whole) * block.width;
      if (width >= narrowest) waiting.push({ node: child, left, width, level: block.level + 1 });
      left += width;
    }
  }
  return found;
}

const folded = (group) => ({
  service: group[0].service || "missing",
  name: group[0].name || "(no name)",
  count: group.length,
  total: exact(group.reduce((sum, span) => sum + span.duration, 0)),
  self: exact(group.reduce((sum, span) => sum + span.selfTime, 0)),
  errors: group.filter((span) => span.status === "error").length,
  longest: group.reduce((most, span) => (span.duration > most.duration ? span : most)),
  children: [],
});
