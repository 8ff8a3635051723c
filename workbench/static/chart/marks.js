/** What lies over the lines: thresholds, annotations and exemplars; where they lie and which one is near. */

import { clock } from "../format/time.js";
import { withAlpha } from "./contrast.js";
import { isValue } from "./points.js";
import { crisp } from "./surface.js";
import { stepValue } from "./values.js";

const DIAMOND = 3.5;
/** Exemplars closer together than this share one diamond, CSS pixels. */
const CELL = 7;
const MOST = 600;

/**
 * Thresholds of the left axis as bands or lines.
 *
 * @param {"behind"|"before"} place areas lie behind the series, lines before them
 */
export function drawThresholds(context, frame, options, colourOf, ratio, place) {
  const style = options.thresholdStyle ?? "off";
  if (style === "off" || !options.thresholds?.length) return;
  const { scale } = frame.axes.get("left");
  const limits = {
    thresholdMode: options.thresholdMode,
    min: options.min ?? scale.low,
    max: options.max ?? scale.high,
  };
  const steps = options.thresholds.map((step) => ({ at: stepValue(step, limits), colour: step.colour }));
  steps.forEach(({ at, colour }, i) => {
    const low = Math.max(at, scale.low);
    const high = Math.min(steps[i + 1]?.at ?? Infinity, scale.high);
    if (place === "behind" && style.includes("area") && high > low) {
      context.fillStyle = withAlpha(colourOf(colour), 0.1);
      context.fillRect(frame.left, scale.to(high), frame.right - frame.left, scale.to(low) - scale.to(high));
    }
    if (
      place === "before" && (style.includes("line") || style.includes("dashed")) && at >= scale.low && at <= scale.high
    ) {
      const y = crisp(scale.to(at), ratio);
      context.strokeStyle = withAlpha(colourOf(colour), 0.8);
      context.lineWidth = 1;
      context.setLineDash(style.includes("dashed") ? [6, 5] : []);
      line(context, frame.left, y, frame.right, y);
      context.setLineDash([]);
    }
  });
}

/** Regions as a tint, moments as a dashed line, each with a mark on the axis. */
export function drawAnnotations(context, frame, annotations, colourOf, ratio) {
  for (const annotation of annotations) {
    const colour = colourOf(annotation.colour);
    const start = frame.x(annotation.time);
    const end = frame.x(annotation.timeEnd ?? annotation.time);
    if (end < frame.left || start > frame.right) continue;
    const left = Math.max(frame.left, start);
    const right = Math.min(frame.right, end);
    if (isRegion(annotation)) {
      context.fillStyle = withAlpha(colour, 0.12);
      context.fillRect(left, frame.top, right - left, frame.bottom - frame.top);
    }
    context.strokeStyle = withAlpha(colour, 0.8);
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    for (const at of isRegion(annotation) ? [start, end] : [start]) {
      if (at >= frame.left && at <= frame.right) {
        line(context, crisp(at, ratio), frame.top, crisp(at, ratio), frame.bottom);
      }
    }
    context.setLineDash([]);
    context.fillStyle = colour;
    if (isRegion(annotation)) context.fillRect(left, frame.bottom, Math.max(2, right - left), 3);
    else triangle(context, start, frame.bottom - 6, 4);
  }
}

export const isRegion = (annotation) => annotation.timeEnd !== undefined && annotation.timeEnd > annotation.time;

/** Annotations under a pixel: moments within `reach`, regions around it. */
export function annotationsAt(annotations, frame, x, reach = 5) {
  return annotations.filter((annotation) => {
    const start = frame.x(annotation.time);
    if (!isRegion(annotation)) {
      return Math.abs(start - x) <= reach && start >= frame.left - 1 && start <= frame.right + 1;
    }
    return x >= start - reach && x <= frame.x(annotation.timeEnd) + reach;
  });
}

/**
 * Where exemplars are drawn: at most one in each small square (the highest), those above the axis on its upper edge.
 *
 * @returns {{exemplar: Object, x: number, y: number, above: boolean}[]} by time
 */
export function placeExemplars(exemplars, frame) {
  const { scale } = frame.axes.get("left");
  const cells = new Map();
  for (const exemplar of exemplars) {
    if (!isValue(exemplar.value) || exemplar.time < frame.range.from || exemplar.time > frame.range.to) continue;
    const above = exemplar.value > scale.high;
    const x = frame.x(exemplar.time);
    const y = Math.min(frame.bottom, Math.max(frame.top, scale.to(exemplar.value)));
    const key = `${Math.floor(x / CELL)} ${Math.floor(y / CELL)}`;
    const held = cells.get(key);
    if (!held || exemplar.value > held.exemplar.value) cells.set(key, { exemplar, x, y, above });
  }
  const placed = [...cells.values()].sort((a, b) => a.x - b.x);
  const every = Math.ceil(placed.length / MOST);
  return every > 1 ? placed.filter((_, i) => i % every === 0) : placed;
}

/** Where an exemplar is drawn, or null; a refresh brings the same one as another object. */
export function placeOf(placed, exemplar) {
  if (!exemplar) return null;
  const { time, value, traceId } = exemplar;
  const same = (one) => one.time === time && one.value === value && one.traceId === traceId;
  return placed.find((one) => same(one.exemplar)) ?? null;
}

/** The one after (direction 1) or before (-1) an exemplar, round and round; null if there are none. */
export function nextPlaced(placed, exemplar, direction) {
  const place = placed.indexOf(placeOf(placed, exemplar));
  const start = direction > 0 ? -1 : placed.length;
  return placed[((place < 0 ? start : place) + direction + placed.length) % placed.length] ?? null;
}

/** What a screen reader says of a placed exemplar. */
export function exemplarText(placed, one, value) {
  const { time, traceId } = one.exemplar;
  const trace = traceId ? `, trace ${traceId}` : "";
  return `Exemplar ${placed.indexOf(one) + 1} of ${placed.length}: ${value} at ${clock(time)}${trace}`;
}

/** "12:03:10 fault: slow database (fault)" */
export function annotationText(annotation) {
  const { title, text, tags, time, timeEnd } = annotation;
  const when = isRegion(annotation) ? `${clock(time)} to ${clock(timeEnd)}` : clock(time);
  return [when, title, text, tags?.length ? `(${tags.join(", ")})` : null].filter(Boolean).join(" ");
}

/** The exemplar nearest to a pixel, or null. */
export function exemplarAt(placed, x, y, reach = 9) {
  let best = null;
  let least = reach;
  for (const candidate of placed) {
    const distance = Math.hypot(candidate.x - x, candidate.y - y);
    if (distance <= least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Faint, as they are many and the lines matter more; the chosen one stands out. */
export function drawExemplars(context, placed, { quiet, background }) {
  context.fillStyle = withAlpha(quiet, 0.75);
  context.strokeStyle = background;
  context.lineWidth = 1;
  for (const { x, y, above } of placed) {
    if (above) triangle(context, x, y, DIAMOND);
    else {
      diamond(context, x, y, DIAMOND);
      context.fill();
      context.stroke();
    }
  }
}

/** The chosen exemplar, larger and ringed. */
export function drawChosen(context, { x, y }, colours) {
  diamond(context, x, y, DIAMOND + 3);
  context.fillStyle = colours.accent;
  context.strokeStyle = colours.background;
  context.lineWidth = 1.5;
  context.fill();
  context.stroke();
}

function diamond(context, x, y, size) {
  context.beginPath();
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.closePath();
}

/** A small triangle whose tip points up to (x, y). */
function triangle(context, x, y, size) {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + size, y + size * 1.5);
  context.lineTo(x - size, y + size * 1.5);
  context.closePath();
  context.fill();
}

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
