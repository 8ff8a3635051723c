/** Stacking: series laid on top of one another, upwards from zero and downwards from zero apart. Pure. */

import { isValue } from "./points.js";

/**
 * @param {{times: ArrayLike<number>, values: ArrayLike<number>}[]} series drawn bottom first
 * @param {"normal"|"percent"} mode percent: shares of the sum at each time, 0 … 1
 * @returns {{times: Float64Array, layers: {bottoms: Float64Array, tops: Float64Array}[]}}
 *   all on the union of the series' times; NaN where a series has no value of its own
 */
export function stacked(series, mode = "normal") {
  const times = unionOfTimes(series);
  const up = new Float64Array(times.length);
  const down = new Float64Array(times.length);
  const totals = mode === "percent" ? sums(series, times) : null;
  const layers = series.map((one) => {
    const bottoms = new Float64Array(times.length).fill(NaN);
    const tops = new Float64Array(times.length).fill(NaN);
    let at = 0;
    for (let i = 0; i < times.length; i += 1) {
      while (at < one.times.length && one.times[at] < times[i]) at += 1;
      if (at >= one.times.length || one.times[at] !== times[i] || !isValue(one.values[at])) continue;
      const value = totals ? (totals[i] === 0 ? 0 : one.values[at] / totals[i]) : one.values[at];
      const side = value < 0 ? down : up;
      bottoms[i] = side[i];
      side[i] += value;
      tops[i] = side[i];
    }
    return { bottoms, tops };
  });
  return { times, layers };
}

function sums(series, times) {
  const totals = new Float64Array(times.length);
  for (const one of series) {
    let at = 0;
    for (let i = 0; i < times.length; i += 1) {
      while (at < one.times.length && one.times[at] < times[i]) at += 1;
      if (one.times[at] === times[i] && isValue(one.values[at])) totals[i] += Math.abs(one.values[at]);
    }
  }
  return totals;
}

function unionOfTimes(series) {
  const [first, ...others] = series;
  if (!first) return new Float64Array(0);
  // Series of one query mostly share their times; then no set has to be built.
  if (others.every(({ times }) => sameTimes(times, first.times))) return Float64Array.from(first.times);
  const all = new Set();
  for (const { times } of series) for (let i = 0; i < times.length; i += 1) all.add(times[i]);
  return Float64Array.from(all).sort();
}

function sameTimes(some, other) {
  if (some === other) return true;
  if (some.length !== other.length) return false;
  for (let i = 0; i < some.length; i += 1) if (some[i] !== other[i]) return false;
  return true;
}
