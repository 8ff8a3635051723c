/** Series made ready for drawing: own style, axis, stack and bounds; which value lies under the cursor. Pure. */

import { bounds, firstAtOrAfter, isValue, nearest, usualStep } from "./points.js";
import { stacked } from "./stack.js";

const STYLE = {
  draw: "line",
  interpolation: "linear",
  lineWidth: 1.5,
  dash: null,
  fill: 0,
  gradient: "none",
  points: "auto",
  pointSize: 5,
  stack: false,
  negativeY: false,
  inLegend: true,
  inTooltip: true,
};

/**
 * @typedef {Object} Line a series ready to draw
 * @property {import("./time_series.js").Series} series
 * @property {number} index its place among all series: keeps its colour when others are hidden
 * @property {string} axis "left", "right" or "hidden:<unit>"
 * @property {Object} style every part set
 * @property {string} unit @property {number|undefined} decimals
 * @property {ArrayLike<number>} times @property {ArrayLike<number>} heights what is drawn: stacked, turned downwards
 * @property {ArrayLike<number>|null} bottoms where its area stands, null: on the axis' zero
 */

/**
 * @param {import("./time_series.js").Data} data
 * @param {import("./time_series.js").Options} options
 * @param {(series: Object, index: number) => boolean} isShown
 * @returns {{lines: Line[], step: number, gap: number, range: {from: number, to: number}}} step: NaN if unknown
 */
export function prepare(data, options, isShown) {
  const { series } = data;
  const step = usualStep(series);
  const gap = options.nullGap ?? (Number.isFinite(step) ? 1.5 * step : Infinity);
  const lines = series.map((one, index) => lineOf(one, index, options)).filter((line) =>
    isShown(line.series, line.index)
  );
  stack(lines, options);
  return { lines, step, gap, range: data.range ?? ownRange(series) };
}

function lineOf(series, index, options) {
  const own = series.style ?? {};
  const style = { ...STYLE };
  for (const name of Object.keys(STYLE)) style[name] = own[name] ?? options[name] ?? STYLE[name];
  if (own.draw === undefined && options.bars && options.draw === undefined) style.draw = "bars";
  if (style.points === true) style.points = "always";
  if (style.points === false) style.points = "never";
  const unit = series.unit ?? options.unit ?? "short";
  const other = unit !== (options.unit ?? "short");
  const axis = series.axis === "hidden" ? `hidden:${unit}` : series.axis ?? (other ? "right" : "left");
  const heights = style.negativeY
    ? Float64Array.from(series.values, (value) => (isValue(value) ? -value : NaN))
    : series.values;
  const decimals = series.decimals ?? options.decimals;
  return { series, index, axis, style, unit, decimals, times: series.times, heights, bottoms: null };
}

/** Lines of the same kind, axis and group go on top of each other. */
function stack(lines, options) {
  const percent = options.stack === "percent";
  const groups = new Map();
  for (const line of lines) {
    const group = line.style.stack;
    if (!group || group === "none" || line.style.draw === "points") continue;
    const key = `${line.axis} ${line.style.draw} ${typeof group === "string" ? group : "normal"}`;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  for (const group of groups.values()) {
    const laid = stacked(
      group.map(({ times, heights }) => ({ times, values: heights })),
      percent ? "percent" : "normal",
    );
    group.forEach((line, place) => {
      line.times = laid.times;
      line.heights = laid.layers[place].tops;
      line.bottoms = laid.layers[place].bottoms;
      line.percent = percent;
    });
  }
}

/** From the first to the last time of all series; the last quarter of an hour if there is none. */
export function ownRange(series) {
  let from = Infinity;
  let to = -Infinity;
  for (const { times } of series) {
    if (!times?.length) continue;
    from = Math.min(from, times[0]);
    to = Math.max(to, times[times.length - 1]);
  }
  if (!Number.isFinite(from)) return { from: Date.now() / 1000 - 900, to: Date.now() / 1000 };
  return to > from ? { from, to } : { from: from - 30, to: to + 30 };
}

/**
 * How far the data on one axis reaches.
 *
 * @param {Line[]} lines of that axis @param {{from: number, to: number}} range
 * @param {{value: number}[]} exemplars on that axis, in range
 * @returns {{low: number, high: number, positive: number, zero: boolean}} ±Infinity if there is nothing
 */
export function reach(lines, range, exemplars = []) {
  let low = Infinity;
  let high = -Infinity;
  let positive = Infinity;
  let zero = false;
  for (const line of lines) {
    const own = bounds(line.times, line.heights, range.from, range.to);
    low = Math.min(low, own.low);
    high = Math.max(high, own.high);
    positive = Math.min(positive, own.positive);
    if (line.bottoms || line.style.draw === "bars") zero = true;
  }
  // Exemplars are the extremes: they may double the axis, but not press the lines flat. Higher ones lie on the edge.
  const room = high > 0 ? 2 * high : Infinity;
  for (const { value } of exemplars) {
    if (!isValue(value)) continue;
    high = Math.max(high, Math.min(value, room));
    low = Math.min(low, value);
    if (value > 0) positive = Math.min(positive, value);
  }
  return { low, high, positive, zero };
}

/** The time of the point nearest to `time` over all lines, or null. */
export function snapped(lines, time) {
  let best = null;
  for (const { series } of lines) {
    const i = nearest(series.times, series.values, time);
    if (i >= 0 && (best === null || Math.abs(series.times[i] - time) < Math.abs(best - time))) best = series.times[i];
  }
  return best;
}

/** The next time with a value after (direction 1) or before (-1) `time` in any line, or null. */
export function neighbourTime(lines, time, direction) {
  let best = null;
  for (const { series: { times, values } } of lines) {
    let i = direction > 0 ? firstAtOrAfter(times, time) : firstAtOrAfter(times, time) - 1;
    if (direction > 0 && times[i] === time) i += 1;
    while (i >= 0 && i < times.length && !isValue(values[i])) i += direction;
    if (i < 0 || i >= times.length) continue;
    if (best === null || (direction > 0 ? times[i] < best : times[i] > best)) best = times[i];
  }
  return best;
}

/**
 * What every line shows at a time.
 *
 * @param {Line[]} lines @param {number} time @param {number} within seconds
 * @returns {{line: Line, value: number, height: number, time: number}[]} in the lines' order; lines without a value
 *   near that time are left out
 */
export function valuesAt(lines, time, within) {
  const found = [];
  for (const line of lines) {
    const i = nearest(line.series.times, line.series.values, time, within);
    if (i < 0) continue;
    const at = line.series.times[i];
    const drawn = line.times === line.series.times ? i : firstAtOrAfter(line.times, at);
    found.push({ line, value: line.series.values[i], height: line.heights[drawn], time: at });
  }
  return found;
}

/**
 * The value that a pointer at height `y` means: the bar or layer it is in, else the nearest line.
 *
 * @param {{line: Line, height: number, time: number}[]} values from `valuesAt`
 * @param {number} y pixel @param {(line: Line) => import("./scale.js").Scale} scaleOf
 * @param {number} reach pixels
 * @returns {Object|null} one of the values
 */
export function nearestTo(values, y, scaleOf, reach) {
  let best = null;
  let least = reach;
  for (const at of values) {
    const scale = scaleOf(at.line);
    const top = scale.to(at.height);
    const foot = scale.to(footOf(at, scale));
    const inside = foot !== top && y >= Math.min(top, foot) && y <= Math.max(top, foot);
    const distance = inside ? 0 : Math.abs(top - y);
    if (distance < least) [best, least] = [at, distance];
  }
  return best;
}

/** Where a bar or a layer of a stack stands; a plain line stands on itself. */
function footOf({ line, time, height }, scale) {
  if (line.bottoms) return line.bottoms[firstAtOrAfter(line.times, time)];
  return line.style.draw === "bars" ? Math.max(0, scale.low) : height;
}
