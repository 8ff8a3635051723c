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

/**
 * Old points before `start` and fresh ones from there on, series by series; a series without points is gone. Who was
 * there before keeps its place, so that its colour stays the same.
 */
function joined(old, fresh, window, start) {
  const news = new Map(fresh.map((series) => [keyOf(series.labels), series]));
  const result = old.map((series) => {
    const key = keyOf(series.labels);
    const now = news.get(key) ?? null;
    news.delete(key);
    return glued(series, now, window.from, start);
  });
  result.push(...news.values());
  return result.filter((series) => series.times.length > 0);
}

function glued(old, fresh, from, start) {
  const first = firstAtOrAfter(old.times, from);
  const count = Math.max(firstAtOrAfter(old.times, start) - first, 0);
  const length = count + (fresh?.times.length ?? 0);
  const times = new Float64Array(length);
  const values = new Float64Array(length);
  times.set(old.times.subarray(first, first + count));
  values.set(old.values.subarray(first, first + count));
  if (fresh) {
    times.set(fresh.times, count);
    values.set(fresh.values, count);
  }
  return { ...old, ...fresh, times, values };
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
