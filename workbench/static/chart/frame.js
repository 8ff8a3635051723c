/** The frame of a chart over time: room for axes, their scales, and drawing of grid and labels. */

import { axisFormatter, formatValue } from "../format/units.js";
import { extent, linearScale, logScale } from "./scale.js";
import { reach } from "./series_model.js";
import { crisp } from "./surface.js";
import { timeTicks } from "./time_axis.js";

/** Below this size the labels of an axis cost more room than they are worth, CSS pixels. */
const LEAST_WIDTH = 140;
const LEAST_HEIGHT = 60;
/** Axis room in steps of this, so that charts above one another mostly begin at the same place. */
const STEP = 8;

/**
 * @typedef {Object} ValueAxis
 * @property {"left"|"right"|string} id @property {import("./scale.js").Scale} scale
 * @property {(value: number) => string} write
 *
 * @typedef {Object} Frame inner box of the plot in CSS pixels, and its scales
 * @property {number} left @property {number} right @property {number} top @property {number} bottom
 * @property {{from: number, to: number}} range
 * @property {(time: number) => number} x @property {(pixel: number) => number} timeAt
 * @property {Map<string, ValueAxis>} axes @property {import("./time_axis.js").TimeTick[]} times
 */

/**
 * @param {{lines: Object[], range: {from: number, to: number}}} model
 * @param {import("./time_series.js").Options} options
 * @param {{width: number, height: number}} size
 * @param {(text: string) => number} measure width of a label
 * @param {Object[]} exemplars in range
 * @returns {Frame}
 */
export function frameOf(model, options, { width, height }, measure, exemplars = []) {
  const dated = height >= LEAST_HEIGHT;
  const labelled = width >= LEAST_WIDTH && dated;
  const top = dated ? 8 : 2;
  const bottom = height - (dated ? 20 : 2);
  const count = Math.max(1, Math.min(8, Math.floor((bottom - top) / 36)));
  const axes = new Map();
  for (const id of new Set(["left", ...model.lines.map((line) => line.axis)])) {
    axes.set(id, valueAxis(id, model, options, { top, bottom, count }, exemplars));
  }
  const room = (id) => {
    if (!labelled || !axes.has(id)) return 0;
    const axis = axes.get(id);
    const widest = Math.max(0, ...axis.scale.ticks.map((tick) => measure(axis.write(tick))));
    return Math.max(32, Math.ceil((widest + 10) / STEP) * STEP);
  };
  const titled = options.axisLabel && labelled && height >= 120 ? 16 : 0;
  const left = Math.max(2, room("left") + titled);
  const right = width - Math.max(labelled ? 10 : 2, room("right"));
  return { ...timeFrame(model.range, left, right, measure, dated), left, right, top, bottom, axes, titled };
}

/** The part that only needs the time range: x scale and ticks. */
export function timeFrame(range, left, right, measure, dated = true) {
  const span = range.to - range.from;
  const factor = (right - left) / span;
  const widest = measure(span < 180 ? "00:00:00" : "00 Nov");
  const times = dated ? timeTicks(range.from, range.to, Math.max(1, Math.floor((right - left) / (widest + 28)))) : [];
  return {
    range,
    x: (time) => left + (time - range.from) * factor,
    timeAt: (pixel) => range.from + (pixel - left) / factor,
    times,
  };
}

function valueAxis(id, model, options, { top, bottom, count }, exemplars) {
  const lines = model.lines.filter((line) => line.axis === id);
  const percent = lines.some((line) => line.percent);
  const unit = percent ? "percentunit" : lines[0]?.unit ?? options.unit ?? "short";
  const limits = id === "left" ? options : id === "right" ? options.right ?? {} : {};
  const data = reach(lines, model.range, id === "left" ? exemplars : []);
  const base = limits.logScale === true ? 10 : limits.logScale;
  const decimals = lines[0]?.decimals ?? (id === "left" ? options.decimals : undefined);
  let scale;
  if (base) {
    const low = limits.min > 0 ? limits.min : Math.min(data.positive, data.high);
    scale = logScale({ low, high: limits.max ?? Math.max(data.high, limits.softMax ?? -Infinity) }, bottom, top, {
      base,
      count,
    });
  } else {
    const ends = extent(data.low, data.high, {
      ...limits,
      unit,
      count,
      zero: data.zero,
      // Of what is counted and shown without decimals there are no halves.
      whole: decimals === 0 && ["short", "none"].includes(unit),
      ...(percent ? { min: 0, max: 1 } : {}),
    });
    scale = linearScale(ends, bottom, top, { count, unit });
  }
  // Over decades no common prefix fits.
  const write = base ? (value) => formatValue(value, unit) : axisFormatter(unit, scale.ticks, decimals);
  return { id, scale, unit, write };
}

/** Grid, tick labels and the axis line. */
export function drawFrame(context, frame, colours, ratio, label) {
  const { left, right, top, bottom } = frame;
  context.lineWidth = 1 / ratio;
  context.font = colours.font;
  context.textBaseline = "middle";
  const main = frame.axes.get("left");
  drawTimeGrid(context, frame, colours, ratio);
  horizontal(context, main.scale.minor, main, frame, colours.line, ratio, 0.5);
  horizontal(context, main.scale.ticks, main, frame, colours.line, ratio, 1);
  context.fillStyle = colours.quiet;
  if (left > 8) drawLabels(context, main, left - 8, "right", frame);
  const other = frame.axes.get("right");
  if (other && right < context.canvas.width / ratio - 20) drawLabels(context, other, right + 8, "left", frame);
  if (label && frame.titled) drawTitle(context, label, (top + bottom) / 2);
  drawTimeLabels(context, frame, colours, ratio);
  // The line values stand on: zero if it is in view, else the lower edge.
  const zero = main.scale.low < 0 && main.scale.high > 0 ? main.scale.to(0) : bottom;
  context.strokeStyle = colours.strong;
  stroke(context, left, crisp(zero, ratio), right, crisp(zero, ratio));
}

function horizontal(context, values, { scale }, { left, right }, colour, ratio, alpha) {
  context.globalAlpha = alpha;
  context.strokeStyle = colour;
  context.beginPath();
  for (const value of values) {
    const y = crisp(scale.to(value), ratio);
    context.moveTo(left, y);
    context.lineTo(right, y);
  }
  context.stroke();
  context.globalAlpha = 1;
}

function drawLabels(context, axis, x, align, { top, bottom }) {
  context.textAlign = align;
  for (const tick of axis.scale.ticks) {
    const y = axis.scale.to(tick);
    if (y >= top - 1 && y <= bottom + 1) context.fillText(axis.write(tick), x, y);
  }
}

function drawTitle(context, label, middle) {
  context.save();
  context.translate(8, middle);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText(label, 0, 0);
  context.restore();
}

/** Vertical lines at the ticks, days stronger. */
export function drawTimeGrid(context, frame, colours, ratio) {
  for (const { time, strong } of frame.times) {
    context.strokeStyle = strong ? colours.strong : colours.line;
    const x = crisp(frame.x(time), ratio);
    stroke(context, x, frame.top, x, frame.bottom);
  }
}

/** Labels below the plot; one that would be cut or touch its neighbour is left out. */
export function drawTimeLabels(context, frame, colours, ratio) {
  context.font = colours.font;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const width = context.canvas.width / ratio;
  let free = 0;
  for (const { time, label, strong } of frame.times) {
    const half = context.measureText(label).width / 2;
    const x = frame.x(time);
    if (x - half < free || x + half > width) continue;
    context.fillStyle = strong ? colours.text : colours.quiet;
    context.fillText(label, x, frame.bottom + 11);
    free = x + half + 8;
  }
}

function stroke(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
