/**
 * Two traces side by side, aligned by structure: a span of one belongs to that span of the other which is reached by
 * the same way of service, name and occurrence.
 */

import { criticalPath, criticalTimes } from "./critical_path.js";
import { exact } from "./model.js";

/** Two runs of the same thing never take exactly as long: a difference below this share says nothing. */
const NOTABLE = 0.02;

/** Attributes that differ between any two requests and so say nothing. */
const ALWAYS_DIFFERENT =
  /(^|\.)(client|peer|network\.peer|net\.peer|net\.sock\.peer)\.port$|^thread\.(id|name)$|^code\.lineno$/;

/**
 * @typedef {object} Pair
 * @property {import("./model.js").Span|null} left
 * @property {import("./model.js").Span|null} right
 * @property {number} depth
 * @property {number|null} difference left's duration minus right's in µs; null where one is missing
 * @property {Array<{name: string, left: unknown, right: unknown}>} attributes those that differ; `undefined`: not there
 */

/**
 * @param left the trace looked at @param right the one it is compared with
 * @returns {{pairs: Pair[], onlyLeft: number, onlyRight: number, slower: number,
 *   sameRoot: boolean, total: number, byOperation: Array<{service, name, difference: number}>}} `total`: the longer
 *   duration in µs; `sameRoot`: both began with the same operation; `slower`: µs by which left took longer;
 *   `byOperation`: where on the critical path these were spent, the most first. These differences add up to `slower`.
 */
export function compareTraces(left, right) {
  const pairs = align(left.roots, right.roots);
  return {
    pairs,
    onlyLeft: pairs.filter((pair) => !pair.right).length,
    onlyRight: pairs.filter((pair) => !pair.left).length,
    sameRoot: Boolean(pairs.find((pair) => pair.left === left.root)?.right),
    total: Math.max(left.root?.duration ?? 0, right.root?.duration ?? 0),
    slower: exact((left.root?.duration ?? 0) - (right.root?.duration ?? 0)),
    byOperation: differencesByOperation(left, right),
  };
}

/**
 * The comparison in a sentence or two.
 * @param {object} comparison from compareTraces
 * @param {function(number): string} duration seconds as text
 */
export function summary({ slower, byOperation, onlyLeft, onlyRight, sameRoot, total }, duration) {
  const sentences = sameRoot ? [] : ["Two different operations."];
  sentences.push(
    Math.abs(slower) < Math.max(total * NOTABLE, 1)
      ? "Both took about as long."
      : whereItWent(slower, byOperation, duration),
  );
  const spans = (n) => `${n} ${n === 1 ? "span is" : "spans are"}`;
  if (sameRoot && onlyLeft) sentences.push(`${spans(onlyLeft)} only in this trace.`);
  if (sameRoot && onlyRight) sentences.push(`${spans(onlyRight)} only in the other.`);
  return sentences.join(" ");
}

/** "42 ms slower, 38 ms of them in database query_execution." */
function whereItWent(slower, byOperation, duration) {
  const micros = (value) => duration(Math.abs(value) / 1e6);
  const text = `${micros(slower)} ${slower > 0 ? "slower" : "faster"}`;
  const same = byOperation.find((entry) => Math.sign(entry.difference) === Math.sign(slower));
  const against = byOperation.find((entry) => Math.sign(entry.difference) === -Math.sign(slower));
  if (!same) return `${text}.`;
  const name = (entry) => `${entry.service} ${entry.name}`;
  const share = Math.abs(same.difference / slower);
  if (share > 0.98 && share < 1.02) return `${text}, all of it in ${name(same)}.`;
  if (share <= 0.98) return `${text}, ${micros(same.difference)} of them in ${name(same)}.`;
  const [more, less] = slower > 0 ? ["more", "less"] : ["less", "more"];
  const balance = against && Math.abs(against.difference / slower) > 0.1
    ? `, but ${micros(against.difference)} ${less} in ${name(against)}`
    : "";
  return `${text}: ${micros(same.difference)} ${more} in ${name(same)}${balance}.`;
}

/** Names of the attributes in which two spans differ, with both values; ports and threads left out. */
export function differentAttributes(left, right) {
  const names = new Set([...left.attributes.keys(), ...right.attributes.keys()]);
  return [...names]
    .filter((name) => !ALWAYS_DIFFERENT.test(name))
    .map((name) => ({ name, left: left.attributes.get(name), right: right.attributes.get(name) }))
    .filter((entry) => plain(entry.left) !== plain(entry.right));
}

/** Iterative, like everything that walks a trace: depth has no limit. */
function align(leftRoots, rightRoots) {
  const pairs = [];
  const waiting = matched(leftRoots, rightRoots, 0).reverse();
  while (waiting.length) {
    const pair = waiting.pop();
    pairs.push(pair);
    const below = matched(pair.left?.children ?? [], pair.right?.children ?? [], pair.depth + 1);
    for (let i = below.length - 1; i >= 0; i -= 1) waiting.push(below[i]);
  }
  return pairs;
}

/** Siblings in the left's order; what only the right has stands behind what it follows there. */
function matched(left, right, depth) {
  const partners = new Map(named(right).map(([key, span]) => [key, span]));
  const inLeft = named(left);
  const taken = new Set();
  const result = inLeft.map(([key, span]) => {
    const partner = partners.get(key) ?? null;
    if (partner) taken.add(partner);
    return pair(span, partner, depth);
  });
  const placeOf = new Map(result.map((entry, index) => [entry.right, index]));
  const extras = new Map();
  let behind = -1;
  for (const span of right) {
    if (taken.has(span)) behind = placeOf.get(span);
    else extras.set(behind, [...(extras.get(behind) ?? []), pair(null, span, depth)]);
  }
  return [...(extras.get(-1) ?? []), ...result.flatMap((entry, index) => [entry, ...(extras.get(index) ?? [])])];
}

function named(siblings) {
  const counts = new Map();
  return siblings.map((span) => {
    const name = `${span.service}\n${span.name}\n${span.kind}`;
    const occurrence = counts.get(name) ?? 0;
    counts.set(name, occurrence + 1);
    return [`${name}\n${occurrence}`, span];
  });
}

const pair = (left, right, depth) => ({
  left,
  right,
  depth,
  difference: left && right ? exact(left.duration - right.duration) : null,
  attributes: left && right ? differentAttributes(left, right) : [],
});

function differencesByOperation(left, right) {
  const sums = new Map();
  const count = (trace, sign) => {
    for (const [span, { time }] of criticalTimes(criticalPath(trace))) {
      const key = `${span.service}\n${span.name}`;
      const sum = sums.get(key) ?? { service: span.service, name: span.name, difference: 0 };
      sum.difference = exact(sum.difference + sign * time);
      sums.set(key, sum);
    }
  };
  count(left, 1);
  count(right, -1);
  return [...sums.values()].filter((sum) => sum.difference).sort((a, b) =>
    Math.abs(b.difference) - Math.abs(a.difference)
  );
}

const plain = (value) =>
  JSON.stringify(value, (_, item) => {
    if (typeof item === "bigint") return String(item);
    return item instanceof Map ? [...item] : item;
  });
