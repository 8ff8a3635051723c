/** Histogram buckets over time as a grid of counts. Pure. */

import { isValue, usualStep } from "./points.js";

/**
 * @typedef {Object} Grid
 * @property {Float64Array} times where each column ends, unix seconds
 * @property {number} step width of a column, seconds
 * @property {{low: number, high: number}[]} rows ascending; -Infinity and Infinity where a bucket has no end
 * @property {Float64Array[]} counts for each row, one for each column; NaN: nothing known
 */

/**
 * @param {{labels: Object<string, string>, times: ArrayLike<number>, values: ArrayLike<number>}[]} series one for each
 *   bucket, its upper bound in a label
 * @param {{label?: string, cumulative?: boolean}} [options] label: default "le" or "__bucket"; cumulative (each bucket
 *   also counts the smaller ones): default true of "le"
 * @returns {Grid}
 */
export function gridFromSeries(series, options = {}) {
  const label = options.label ?? ["le", "__bucket"].find((name) => series[0]?.labels && name in series[0].labels) ??
    "le";
  const cumulative = options.cumulative ?? label === "le";
  const bounds = new Map();
  for (const one of series) {
    const bound = boundOf(one.labels?.[label] ?? one.name);
    if (!Number.isNaN(bound)) bounds.set(bound, [...(bounds.get(bound) ?? []), one]);
  }
  const uppers = [...bounds.keys()].sort((a, b) => a - b);
  const times = timesOf(series);
  const place = new Map(Array.from(times, (time, i) => [time, i]));
  const sums = uppers.map((bound) => {
    const row = new Float64Array(times.length).fill(NaN);
    for (const { times: own, values } of bounds.get(bound)) {
      for (let i = 0; i < own.length; i += 1) {
        if (!isValue(values[i])) continue;
        const at = place.get(own[i]);
        row[at] = (Number.isNaN(row[at]) ? 0 : row[at]) + values[i];
      }
    }
    return row;
  });
  const counts = cumulative ? differences(sums) : sums;
  const rows = uppers.map((high, i) => ({ low: lowerOf(uppers, i, cumulative), high }));
  return { times, step: usualStep(series), rows, counts };
}

function boundOf(text) {
  if (/^\+?inf$/i.test(String(text))) return Infinity;
  return text === "" || text === null || text === undefined ? NaN : Number(text);
}

function lowerOf(uppers, i, cumulative) {
  if (i > 0) return uppers[i - 1];
  if (uppers[0] <= 0) return -Infinity;
  // Tempo's buckets are powers of two, and the empty ones are missing.
  return cumulative ? 0 : uppers[0] / 2;
}

/** Scraped at slightly different moments a bucket may count less than a smaller one: that is none, not a negative. */
function differences(sums) {
  return sums.map((row, i) =>
    row.map((value, at) => {
      if (i === 0 || Number.isNaN(value)) return value;
      let below = NaN;
      for (let j = i - 1; j >= 0 && Number.isNaN(below); j -= 1) below = sums[j][at];
      return Math.max(0, value - (Number.isNaN(below) ? 0 : below));
    })
  );
}

function timesOf(series) {
  const all = new Set();
  for (const { times } of series) for (let i = 0; i < times.length; i += 1) all.add(times[i]);
  return Float64Array.from(all).sort();
}

/**
 * @param {{from: number, to: number, low: number, high: number, count: number}[]} cells
 * @returns {Grid}
 */
export function gridFromCells(cells) {
  const times = Float64Array.from(new Set(cells.map(({ to }) => to))).sort();
  const rows = [...new Map(cells.map(({ low, high }) => [`${low} ${high}`, { low, high }])).values()].sort((a, b) =>
    a.low - b.low || a.high - b.high
  );
  const rowAt = new Map(rows.map(({ low, high }, i) => [`${low} ${high}`, i]));
  const columnAt = new Map(Array.from(times, (time, i) => [time, i]));
  const counts = rows.map(() => new Float64Array(times.length).fill(NaN));
  for (const { to, low, high, count } of cells) counts[rowAt.get(`${low} ${high}`)][columnAt.get(to)] = count;
  const steps = cells.map(({ from, to }) => to - from);
  return { times, step: steps.length ? Math.min(...steps) : NaN, rows, counts };
}

/**
 * @param {{times: ArrayLike<number>, buckets: number[], counts: ArrayLike<number>[]}} data upper bounds, not cumulative
 * @returns {Grid}
 */
export function gridFromBuckets({ times, buckets, counts }) {
  const rows = buckets.map((high, i) => ({ low: i > 0 ? buckets[i - 1] : buckets[0] <= 0 ? -Infinity : 0, high }));
  const own = Float64Array.from(times);
  return { times: own, step: usualStep([{ times: own }]), rows, counts: counts.map((row) => Float64Array.from(row)) };
}

/**
 * Without the rows above the highest and below the lowest that count anything; one empty row is kept on either side.
 *
 * @param {Grid} grid @param {number} [hideBelow] counts up to this are nothing
 * @returns {Grid}
 */
export function cropped(grid, hideBelow = 0) {
  const used = grid.counts.map((row) => row.some((count) => count > hideBelow));
  const first = used.indexOf(true);
  if (first < 0) return grid;
  const start = Math.max(0, first - 1);
  const end = Math.min(used.length, used.lastIndexOf(true) + 2);
  return { ...grid, rows: grid.rows.slice(start, end), counts: grid.counts.slice(start, end) };
}

/** The largest count, 0 if there is none. */
export function most(grid) {
  let largest = 0;
  for (const row of grid.counts) for (const count of row) if (count > largest) largest = count;
  return largest;
}

/**
 * Where a value lies among the rows, as rows from the bottom: 2.5 is the middle of the third row. Within a row by size.
 *
 * @returns {number} NaN if it lies in no row
 */
export function rowPlace(rows, value) {
  const i = rows.findIndex(({ low, high }) => value > low && value <= high);
  if (i < 0) return value === 0 && rows[0]?.low === 0 ? 0 : NaN;
  const { low, high } = rows[i];
  if (!Number.isFinite(low) || !Number.isFinite(high)) return i + 0.5;
  const share = low > 0 ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return i + Math.min(1, Math.max(0, share));
}
