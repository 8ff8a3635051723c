/** Points of a series: which lie in view, which are drawn, which is near, what the usual step is. Pure. */

/** Index of the first time ≥ `time` (the length, if there is none). */
export function firstAtOrAfter(times, time) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Index of the point nearest in time that has a value, or -1.
 *
 * @param {ArrayLike<number>} times ascending @param {ArrayLike<number>} values
 * @param {number} time @param {number} reach at most this many seconds away
 */
export function nearest(times, values, time, reach = Infinity) {
  const start = firstAtOrAfter(times, time);
  let before = start - 1;
  let after = start;
  while (before >= 0 && time - times[before] <= reach && !isValue(values[before])) before -= 1;
  while (after < times.length && times[after] - time <= reach && !isValue(values[after])) after += 1;
  const left = before >= 0 ? time - times[before] : Infinity;
  const right = after < times.length ? times[after] - time : Infinity;
  if (Math.min(left, right) > reach || (left === Infinity && right === Infinity)) return -1;
  return left < right ? before : after;
}

/** Numbers only: NaN, null and ±Infinity cannot be drawn. */
export const isValue = (value) => typeof value === "number" && Number.isFinite(value);

/**
 * The usual distance of neighbours in seconds: the lower quartile of the first ones, as gaps only make it larger.
 *
 * @param {{times: ArrayLike<number>}[]} series
 * @returns {number} NaN if no series has two points
 */
export function usualStep(series) {
  const steps = [];
  for (const { times } of series.slice(0, 20)) {
    for (let i = 1; i < times.length && i < 60; i += 1) {
      if (times[i] > times[i - 1]) steps.push(times[i] - times[i - 1]);
    }
  }
  steps.sort((a, b) => a - b);
  return steps.length ? steps[Math.floor((steps.length - 1) / 4)] : NaN;
}

/**
 * Indices of the points to draw within from … to, thinned to at most four in each pixel column: the first, the
 * lowest, the highest and the last, so that no spike is lost. -1 is a break in the line.
 *
 * @param {ArrayLike<number>} times unix seconds, ascending @param {ArrayLike<number>} values
 * @param {number} from @param {number} to seconds
 * @param {number} columns width in device pixels
 * @param {number} gap neighbours further apart than this many seconds are not joined
 * @returns {number[]}
 */
export function drawnIndices(times, values, from, to, columns, gap) {
  // One point beyond each end, so that the line runs on to the edge.
  const start = Math.max(0, firstAtOrAfter(times, from) - 1);
  const end = Math.min(times.length, firstAtOrAfter(times, to) + 1);
  const drawn = [];
  const thin = end - start > 2 * columns;
  const perSecond = columns / (to - from);
  let column = NaN;
  let first = -1, lowest = -1, highest = -1, last = -1;
  const flush = () => {
    if (first < 0) return;
    drawn.push(first);
    const [one, other] = lowest < highest ? [lowest, highest] : [highest, lowest];
    if (one !== first && one !== last) drawn.push(one);
    if (other !== one && other !== first && other !== last) drawn.push(other);
    if (last !== first) drawn.push(last);
    first = -1;
  };
  let before = -1;
  for (let i = start; i < end; i += 1) {
    if (!isValue(values[i])) continue;
    const broken = before >= 0 && times[i] - times[before] > gap;
    before = i;
    if (!thin) {
      if (broken) drawn.push(-1);
      drawn.push(i);
      continue;
    }
    const here = Math.floor((times[i] - from) * perSecond);
    if (broken || here !== column) {
      flush();
      if (broken) drawn.push(-1);
      column = here;
      first =
        lowest =
        highest =
        last =
          i;
      continue;
    }
    if (values[i] < values[lowest]) lowest = i;
    if (values[i] > values[highest]) highest = i;
    last = i;
  }
  flush();
  return drawn;
}

/**
 * Smallest and largest value in view.
 *
 * @returns {{low: number, high: number, positive: number}} ±Infinity if there is none; `positive`: smallest above zero
 */
export function bounds(times, values, from, to) {
  let low = Infinity, high = -Infinity, positive = Infinity;
  const end = Math.min(times.length, firstAtOrAfter(times, to) + 1);
  for (let i = Math.max(0, firstAtOrAfter(times, from) - 1); i < end; i += 1) {
    const value = values[i];
    if (!isValue(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value > 0 && value < positive) positive = value;
  }
  return { low, high, positive };
}
