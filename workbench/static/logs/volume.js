/** How many lines there are, by level, in equal steps over a range: exactly those that the list can show. */
import { byGravity, levelIn } from "../data/levels.js";
import { query as instant, queryRange } from "../data/loki.js";
import { roundStepOrDays } from "../format/steps.js";
import { parseLogQuery } from "./query_text.js";

/** Bars of a histogram, at most; half as many at least, as far as steps allow. */
const MOST_BARS = 90;

/** Seconds: what Loki still tells apart, and what a program writes within it belongs together. */
const SHORTEST_BAR = 0.05;

/** Seconds of one bar for a range of so many seconds. */
export function stepFor(seconds) {
  return roundStepOrDays(Math.max(seconds / MOST_BARS, SHORTEST_BAR));
}

/**
 * A range whose ends lie between two bars: what moves with the clock would else count a part of a bar.
 * @param {{from: number, to: number}} range unix seconds
 * @returns {{from: number, to: number, step: number}} a little wider
 */
export function wholeBars({ from, to }) {
  const step = stepFor(to - from);
  // In milliseconds, for 0.05 is no binary fraction.
  const unit = Math.round(step * 1000);
  const [first, last] = [Math.floor((from * 1000) / unit) * unit, Math.ceil((to * 1000) / unit) * unit];
  return { from: first / 1000, to: last / 1000, step };
}

/**
 * What to ask for the bars of a range: whole ones together, parts at the ends one by one.
 * @param {{from: number, to: number, step?: number}} range unix seconds, to the millisecond; `step` of `wholeBars`
 * @returns {{step: number, whole: {first: number, last: number}|null,
 *   parts: {at: number, bar: number, seconds: number}[]}}
 *   a bar is named by its end; `whole` are those from `first` to `last`
 */
export function barsOf({ from, to, step = stepFor(to - from) }) {
  const unit = Math.round(step * 1000);
  const [start, end] = [Math.round(from * 1000), Math.round(to * 1000)];
  const low = Math.ceil(start / unit) * unit;
  const high = Math.floor(end / unit) * unit;
  const part = (at, bar, length) => ({ at: at / 1000, bar: bar / 1000, seconds: length / 1000 });
  if (high < low) return { step: unit / 1000, whole: null, parts: [part(end, low, end - start)] };
  const parts = [];
  if (low > start) parts.push(part(low, low, low - start));
  if (end > high) parts.push(part(end, high + unit, end - high));
  return { step: unit / 1000, whole: high > low ? { first: (low + unit) / 1000, last: high / 1000 } : null, parts };
}

/**
 * The metric query that counts a log query's lines.
 * @param {string} query LogQL
 * @param {number} seconds of the window
 */
export function countQuery(query, seconds, by = "level, detected_level") {
  const parses = parseLogQuery(query)?.stages.some((stage) => stage.kind !== "line") ?? true;
  // A line that a parser cannot read is counted like the others, where Loki would refuse the whole query.
  const lines = parses ? `${query.trim()}\n| drop __error__, __error_details__ ` : `${query.trim()}\n`;
  const window = `[${Math.round(seconds * 1000)}ms]`;
  return by ? `sum by (${by}) (count_over_time(${lines}${window}))` : `sum(count_over_time(${lines}${window}))`;
}

/**
 * Counts the lines with from < time <= to.
 * @param {string} query LogQL
 * @param {{from: number, to: number, step?: number}} range as of `barsOf`
 * @param {{signal?: AbortSignal}} options
 * @returns {Promise<{step: number, total: number, levels: {level: string, times: Float64Array, values: Float64Array,
 *   total: number}[]}>} the gravest level first; a value at t counts the step before t
 */
export async function volumeOf(query, range, { signal } = {}) {
  const { step, whole, parts } = barsOf(range);
  const answers = await Promise.all([
    whole && queryRange(countQuery(query, step), { from: whole.first, to: whole.last, step, signal }),
    ...parts.map(({ at, seconds }) => instant(countQuery(query, seconds), { at, signal })),
  ]);
  const [inner, ...edges] = answers;
  const points = [];
  for (const { labels, times, values } of inner?.series ?? []) {
    times.forEach((time, i) => points.push({ level: levelIn(labels), time, count: values[i] }));
  }
  edges.forEach((samples, i) => {
    for (const { labels, value } of samples) points.push({ level: levelIn(labels), time: parts[i].bar, count: value });
  });
  return table(points, step, range);
}

/** Points as one row of bars a level, with a 0 where nothing was counted. */
export function table(points, step, { from, to }) {
  const unit = Math.round(step * 1000);
  const first = Math.floor(Math.round(from * 1000) / unit) + 1;
  const count = Math.max(Math.ceil(Math.round(to * 1000) / unit) - first + 1, 1);
  const times = Float64Array.from({ length: count }, (_, i) => ((first + i) * unit) / 1000);
  const rows = new Map();
  for (const { level, time, count: counted } of points) {
    const i = Math.round((time * 1000) / unit) - first;
    if (i < 0 || i >= count) continue;
    if (!rows.has(level)) rows.set(level, new Float64Array(count));
    rows.get(level)[i] += counted;
  }
  const levels = [...rows]
    .map(([level, values]) => ({ level, times, values, total: values.reduce((sum, value) => sum + value, 0) }))
    .sort((one, other) => byGravity(one.level, other.level));
  return { step, total: levels.reduce((sum, { total }) => sum + total, 0), levels };
}
