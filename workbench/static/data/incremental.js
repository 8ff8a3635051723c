/**
 * Keeping a range query's answer fresh: of a question that was asked before only the new points are asked for, and the
 * window slides. What comes out equals the whole answer.
 */

import { keyOf } from "./numbers.js";

/**
 * How many of the last points are asked for again: the newest are not final (a scrape may come late, a recording rule
 * writes after it), and each further one costs next to nothing.
 */
const ASKED_AGAIN = 3;

/**
 * A queryRange that remembers.
 *
 * @param {function(string, {from: number, to: number, step: number, signal?: AbortSignal}): Promise<Array>} queryRange
 *   of prometheus.js, or another with the same form
 * @returns {function(string, {from: number, to: number, step: number, signal?: AbortSignal}): Promise<Array>} times are
 *   aligned to multiples of step, so that lines do not wobble as the window moves. It remembers one question.
 */
export function rangeKeeper(queryRange) {
  let kept = null;

  return async (expr, { from, to, step, signal, ...others }) => {
    const window = aligned(from, to, step);
    const question = JSON.stringify([expr, step, others]);
    const before = kept?.question === question && continues(kept.window, window, step) ? kept : null;
    const start = before ? Math.max(window.from, before.window.to - (ASKED_AGAIN - 1) * step) : window.from;
    const fresh = await queryRange(expr, { ...others, from: start, to: window.to, step, signal });
    const series = before ? joined(before.series, fresh, window, start) : [...fresh];
    kept = { question, window, series };
    return Object.assign([...series], { total: fresh.total ?? series.length, warnings: fresh.warnings });
  };
}

/** A window on multiples of step: all its points, none beyond its end. */
export function aligned(from, to, step) {
  const last = Math.floor(to / step) * step;
  return { from: Math.min(Math.ceil(from / step) * step, last), to: last };
}

/** Whether the new window begins inside the old one and goes on from there: a clock may also have jumped back. */
function continues(old, next, step) {
  return next.from >= old.from && next.from <= old.to && next.to >= old.to && next.to - next.from >= ASKED_AGAIN * step;
}

/** Old points before `start` and fresh ones from there on, series by series; a series without points is gone. */
function joined(old, fresh, window, start) {
  const before = new Map(old.map((series) => [keyOf(series.labels), series]));
  const result = [];
  for (const series of fresh) {
    const key = keyOf(series.labels);
    result.push(glued(before.get(key), series, window.from, start));
    before.delete(key);
  }
  for (const series of before.values()) {
    result.push(glued(series, null, window.from, start));
  }
  return result.filter((series) => series.times.length > 0);
}

function glued(old, fresh, from, start) {
  const first = old ? firstAtOrAfter(old.times, from) : 0;
  const last = old ? firstAtOrAfter(old.times, start) : 0;
  const count = Math.max(last - first, 0);
  const length = count + (fresh?.times.length ?? 0);
  const times = new Float64Array(length);
  const values = new Float64Array(length);
  if (count > 0) {
    times.set(old.times.subarray(first, last));
    values.set(old.values.subarray(first, last));
  }
  if (fresh) {
    times.set(fresh.times, count);
    values.set(fresh.values, count);
  }
  return { ...(old ?? {}), ...(fresh ?? {}), times, values };
}

function firstAtOrAfter(times, time) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
