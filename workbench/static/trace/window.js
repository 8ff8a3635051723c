/** The stretch of a trace's time that is looked at, and its ruler's ticks. Microseconds since the trace's start. */

/** Narrower than this nothing more is to be seen: spans have nanoseconds. */
const NARROWEST = 0.1;

/** A window {start, end} within [0, duration], never empty. */
export function windowOf(start, end, duration) {
  const whole = Math.max(duration, NARROWEST);
  const width = Math.min(Math.max(Math.abs(end - start), Math.min(NARROWEST, whole)), whole);
  const from = Math.min(Math.max(Math.min(start, end), 0), whole - width);
  return { start: from, end: from + width };
}

/** The window with `factor` of its width, around the moment `at`. */
export function zoomed(window, factor, at, duration) {
  const width = window.end - window.start;
  const share = width > 0 ? (at - window.start) / width : 0.5;
  const wide = Math.min(width * factor, Math.max(duration, NARROWEST));
  return windowOf(at - share * wide, at + (1 - share) * wide, duration);
}

/** The window, `micros` later. */
export function moved(window, micros, duration) {
  const width = window.end - window.start;
  const start = Math.min(Math.max(window.start + micros, 0), Math.max(duration, width) - width);
  return windowOf(start, start + width, duration);
}

/** Where a moment is in the window: 0 its start, 1 its end; beyond, outside of it. */
export const fraction = ({ start, end }, at) => (end > start ? (at - start) / (end - start) : 0);

/** Moments for a ruler: 1, 2 or 5 times a power of ten apart, at most `most` of them. */
export function ticks({ start, end }, most) {
  const width = end - start;
  if (!(width > 0) || most < 1) return [];
  const rough = width / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9));
  const first = Math.ceil(start / step - 1e-9);
  const last = Math.floor(end / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
}

/** As it stands in an address: "120-860.5", or null for the whole trace. */
export const windowText = ({ start, end }, duration) =>
  start <= 0 && end >= duration ? null : `${round(start)}-${round(end)}`;

/** What windowText wrote; the whole trace for anything else. */
export function windowFrom(text, duration) {
  const found = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? "");
  return found ? windowOf(Number(found[1]), Number(found[2]), duration) : windowOf(0, duration, duration);
}

const round = (micros) => Math.round(micros * 1000) / 1000;

/**
 * Marks that would be drawn on the same spot become one.
 * @param {Array<{start: number, end: number}>} parts in order, in µs
 * @param {number} gap µs below which two are one
 */
export function coalesced(parts, gap) {
  const result = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (last && part.start - last.end < gap) {
      last.end = Math.max(last.end, part.end);
      last.items.push(part);
    } else {
      result.push({ start: part.start, end: part.end, items: [part] });
    }
  }
  return result;
}
