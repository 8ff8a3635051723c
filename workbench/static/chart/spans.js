/** States over time: neighbouring values that look the same become one span. Pure. */

import { usualStep } from "./points.js";
import { displayed } from "./values.js";

const hasValue = (value) => value !== null && value !== undefined && !Number.isNaN(value);

/**
 * @typedef {{from: number, to: number, value: *, text: string, colour: string|null}} Span unix seconds
 *
 * @param {{times: ArrayLike<number>, values: ArrayLike<*>}} series
 * @param {Object} options
 * @param {import("./values.js").Display} options display
 * @param {number} [options.gap] seconds without a value that end a span; default 1.5 × the usual step
 * @param {boolean} [options.merge] default true
 * @returns {Span[]} each lasts until the next value; the last one a step longer than its time
 */
export function spansOf({ times, values }, options = {}) {
  const step = usualStep([{ times }]);
  const gap = options.gap ?? (Number.isFinite(step) ? 1.5 * step : Infinity);
  const lasts = Number.isFinite(step) ? step : 0;
  const spans = [];
  for (let i = 0; i < times.length; i += 1) {
    if (!hasValue(values[i])) continue;
    const next = times[i + 1];
    const to = next !== undefined && next - times[i] <= gap ? next : times[i] + lasts;
    const { text, colour } = displayed(values[i], options);
    const last = spans.at(-1);
    const same = last && last.to === times[i] && last.text === text && last.colour === colour;
    if (same && options.merge !== false) last.to = to;
    else spans.push({ from: times[i], to, value: values[i], text, colour });
  }
  return spans;
}

/** The span at a time, or null; spans are in order and do not overlap. */
export function spanAt(spans, time) {
  return spans.find(({ from, to }) => time >= from && time < to) ?? null;
}
