/** Value axes: where a value lies, and which values get a tick. Pure; knows nothing of canvases. */

import { spacingOf } from "../format/units.js";

/**
 * @typedef {Object} Scale
 * @property {(value: number) => number} to value → pixel
 * @property {(pixel: number) => number} from pixel → value
 * @property {number} low @property {number} high ends of the axis
 * @property {number[]} ticks values with a label
 * @property {number[]} minor values with a faint line only
 */

const NICE = {
  decimal: [1, 2, 2.5, 5, 10],
  whole: [1, 2, 5, 10],
  binary: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
};
const SECONDS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

/**
 * The smallest pleasant step that cuts `span` into at most `count` parts.
 *
 * @param {number} span in the unit's raw values, > 0
 * @param {number} count ≥ 1
 * @param {string} [unit]
 * @param {boolean} [whole] only whole numbers: half a connection is none
 * @returns {number}
 */
export function niceStep(span, count, unit, whole = false) {
  const { kind: usual, scale } = spacingOf(unit);
  const kind = whole && usual === "decimal" ? "whole" : usual;
  const rough = (span * scale) / Math.max(1, count);
  return stepIn(kind, rough) / scale;
}

function stepIn(kind, rough) {
  if (kind === "time" && rough > 30) {
    const found = SECONDS.find((step) => step >= rough * (1 - 1e-9));
    return found ?? 86400 * decimalStep(rough / 86400, NICE.decimal);
  }
  if (kind === "binary" && rough > 1) {
    const power = 1024 ** Math.floor(Math.log(rough) / Math.log(1024));
    return NICE.binary.find((step) => step * power >= rough * (1 - 1e-9)) * power;
  }
  if (kind === "whole") return Math.max(1, decimalStep(rough, NICE.whole));
  return decimalStep(rough, NICE.decimal);
}

function decimalStep(rough, choices) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = choices.find((choice) => choice * power >= rough * (1 - 1e-9)) ?? 10;
  return Number((step * power).toPrecision(12));
}

/**
 * Multiples of a pleasant step within low … high, both ends included.
 *
 * @param {number} low @param {number} high low < high
 * @param {number} count about how many
 * @param {string} [unit]
 * @returns {number[]}
 */
export function ticks(low, high, count, unit) {
  if (!(high > low)) return Number.isFinite(low) ? [low] : [];
  return multiples(low, high, niceStep(high - low, count, unit));
}

function multiples(low, high, step) {
  const found = [];
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  for (let i = first; i <= last && found.length < 1000; i += 1) found.push(Number((i * step).toPrecision(12)) || 0);
  return found;
}

/**
 * Ends of an axis for data reaching from `low` to `high`: fixed ends stay, the others go to the next tick.
 *
 * @param {number} low @param {number} high of the data; NaN or ±Infinity if there is none
 * @param {{min?: number, max?: number, softMin?: number, softMax?: number, unit?: string, count?: number,
 *   zero?: boolean, whole?: boolean}} options zero: areas and bars stand on zero; whole: no halves
 * @returns {{low: number, high: number, step: number}}
 */
export function extent(low, high, options = {}) {
  const { min, max, softMin, softMax, unit, count = 5, zero = false, whole = false } = options;
  let from = Number.isFinite(low) ? low : 0;
  let to = Number.isFinite(high) ? high : from + 1;
  if (zero) {
    from = Math.min(0, from);
    to = Math.max(0, to);
  }
  if (isNumber(softMin)) from = Math.min(from, softMin);
  if (isNumber(softMax)) to = Math.max(to, softMax);
  ({ from, to } = widened(from, to));
  if (isNumber(min)) from = min;
  if (isNumber(max)) to = max;
  if (!(to > from)) {
    const room = Math.abs(from) || 1;
    if (isNumber(max) && !isNumber(min)) from = to - room;
    else to = from + room;
  }
  const step = niceStep(to - from, count, unit, whole);
  if (!isNumber(min)) from = Math.floor(from / step + 1e-9) * step;
  if (!isNumber(max)) to = Math.ceil(to / step - 1e-9) * step;
  return { low: Number(from.toPrecision(12)), high: Number(to.toPrecision(12)), step };
}

/** What hardly varies next to its size is not blown up until its noise fills the chart; a constant stands on zero. */
function widened(from, to) {
  const size = Math.max(Math.abs(from), Math.abs(to));
  if (to - from >= 0.02 * size) return { from, to };
  if (to - from < 1e-9 * size) return { from: Math.min(0, from), to: Math.max(0, to) };
  const room = (0.02 * size - (to - from)) / 2;
  return { from: from - room, to: to + room };
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/**
 * @param {{low: number, high: number, step?: number}} ends low < high; without a step a pleasant one is found
 * @param {number} start pixel of `low` @param {number} end pixel of `high`
 * @param {{count?: number, unit?: string}} [options]
 * @returns {Scale}
 */
export function linearScale({ low, high, step }, start, end, { count = 5, unit } = {}) {
  const factor = (end - start) / (high - low);
  return {
    low,
    high,
    to: (value) => start + (value - low) * factor,
    from: (pixel) => low + (pixel - start) / factor,
    ticks: multiples(low, high, step ?? niceStep(high - low, count, unit)),
    minor: [],
  };
}

/**
 * A logarithmic axis; values of zero and below lie on its lower end.
 *
 * @param {{low: number, high: number}} ends of the positive data
 * @param {number} start @param {number} end pixels
 * @param {{base?: number, count?: number}} [options]
 * @returns {Scale}
 */
export function logScale({ low, high }, start, end, { base = 10, count = 5 } = {}) {
  const log = (value) => Math.log(value) / Math.log(base);
  const top = high > 0 ? high : 1;
  const bottom = low > 0 && low < top ? low : top / base ** 3;
  const first = Math.floor(log(bottom) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(log(top) - 1e-9));
  const factor = (end - start) / (last - first);
  const every = Math.max(1, Math.ceil((last - first) / Math.max(1, count)));
  const found = [];
  const minor = [];
  for (let power = first; power <= last; power += 1) {
    if ((power - first) % every === 0) found.push(Number((base ** power).toPrecision(12)));
    if (every === 1 && power < last) {
      for (let i = 2; i < base; i += 1) minor.push(Number((i * base ** power).toPrecision(12)));
    }
  }
  const floor = base ** first;
  return {
    low: floor,
    high: base ** last,
    to: (value) => start + (log(Math.max(value, floor)) - first) * factor,
    from: (pixel) => base ** (first + (pixel - start) / factor),
    ticks: found,
    minor,
  };
}
