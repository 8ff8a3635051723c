/** Painting of lines, areas, bars and points into a frame. */

import { withAlpha } from "./contrast.js";
import { drawnIndices, isValue } from "./points.js";

/** Points are shown where neighbours are at least this far apart, CSS pixels. */
const ROOM_FOR_POINTS = 20;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./series_model.js").Line[]} lines @param {import("./frame.js").Frame} frame
 * @param {{gap: number, step: number}} model
 * @param {{colourOf: (line: Object) => string, ratio: number, options: Object, faint?: (line: Object) => boolean}} how
 */
export function drawSeries(context, lines, frame, model, how) {
  context.save();
  context.beginPath();
  // A line at an end of the axis keeps its whole width.
  context.rect(frame.left, frame.top - 3, frame.right - frame.left, frame.bottom - frame.top + 4);
  context.clip();
  context.lineJoin = "round";
  // Areas first, so that none of them covers another's line.
  const shapes = lines.map((line) => shapeOf(line, frame, model, how));
  for (const shape of shapes) {
    context.globalAlpha = how.faint?.(shape.line) ? 0.2 : 1;
    if (shape.line.style.draw === "bars") drawBars(context, shape, frame, model, how);
    else if (shape.line.style.draw === "line" && shape.line.style.fill > 0) drawArea(context, shape, frame);
  }
  for (const shape of shapes) {
    context.globalAlpha = how.faint?.(shape.line) ? 0.2 : 1;
    const { draw, lineWidth } = shape.line.style;
    if (draw === "line" && lineWidth > 0) drawLine(context, shape);
    if (draw !== "bars") drawPoints(context, shape, frame, model);
  }
  context.restore();
}

/** A line's points in pixels, in runs without a gap. */
function shapeOf(line, frame, { gap }, { colourOf, ratio }) {
  const { scale } = frame.axes.get(line.axis);
  const columns = Math.max(1, Math.round((frame.right - frame.left) * ratio));
  const { from, to } = frame.range;
  const runs = [];
  let run = null;
  for (const i of drawnIndices(line.times, line.heights, from, to, columns, gap)) {
    if (i < 0) {
      run = null;
      continue;
    }
    if (!run) runs.push(run = { x: [], y: [], bottom: [] });
    run.x.push(frame.x(line.times[i]));
    run.y.push(scale.to(line.heights[i]));
    if (line.bottoms) run.bottom.push(scale.to(line.bottoms[i]));
  }
  const zero = Math.min(frame.bottom, Math.max(frame.top, scale.to(scale.low <= 0 && scale.high >= 0 ? 0 : scale.low)));
  return { line, runs, zero, colour: colourOf(line) };
}

function drawLine(context, { line, runs, colour }) {
  const { lineWidth, dash, interpolation } = line.style;
  context.strokeStyle = colour;
  context.lineWidth = lineWidth;
  context.setLineDash(dash ?? []);
  context.beginPath();
  for (const { x, y } of runs) {
    context.moveTo(x[0], y[0]);
    TRACE[interpolation](context, x, y);
  }
  context.stroke();
  context.setLineDash([]);
}

function drawArea(context, { line, runs, colour, zero }, frame) {
  const { fill, gradient, interpolation } = line.style;
  context.fillStyle = fillOf(context, colour, fill / 100, gradient, runs, frame);
  for (const { x, y, bottom } of runs) {
    const backX = [...x].reverse();
    const backY = bottom.length ? [...bottom].reverse() : null;
    context.beginPath();
    context.moveTo(x[0], y[0]);
    TRACE[interpolation](context, x, y);
    if (backY) {
      context.lineTo(backX[0], backY[0]);
      TRACE[BACKWARDS[interpolation] ?? interpolation](context, backX, backY);
    } else {
      context.lineTo(backX[0], zero);
      context.lineTo(x[0], zero);
    }
    context.closePath();
    context.fill();
  }
}

function fillOf(context, colour, alpha, gradient, runs, frame) {
  if (gradient !== "opacity") return withAlpha(colour, alpha);
  const top = Math.min(
    frame.bottom - 1,
    ...runs.map(({ y }) => y.reduce((least, one) => Math.min(least, one), Infinity)),
  );
  const shade = context.createLinearGradient(0, Math.max(frame.top, top), 0, frame.bottom);
  shade.addColorStop(0, withAlpha(colour, alpha));
  shade.addColorStop(1, withAlpha(colour, 0));
  return shade;
}

function drawBars(context, { line, runs, colour, zero }, frame, { step }, { ratio, options }) {
  const { fill, lineWidth } = line.style;
  const { left, width } = barBox(frame, step, options);
  context.fillStyle = withAlpha(colour, fill > 0 ? fill / 100 : 1);
  const edged = lineWidth > 0 && width > 4 && fill > 0 && fill < 100;
  context.strokeStyle = colour;
  context.lineWidth = lineWidth;
  const round = (value) => Math.round(value * ratio) / ratio;
  for (const { x, y, bottom } of runs) {
    for (let i = 0; i < x.length; i += 1) {
      const start = round(x[i] + left);
      const end = Math.max(start + 1 / ratio, round(x[i] + left + width));
      const high = round(y[i]);
      const low = round(bottom.length ? bottom[i] : zero);
      if (high === low) continue;
      context.fillRect(start, Math.min(high, low), end - start, Math.abs(low - high));
      const inset = lineWidth / 2;
      if (edged) {
        context.strokeRect(
          start + inset,
          Math.min(high, low) + inset,
          end - start - lineWidth,
          Math.abs(low - high) - inset,
        );
      }
    }
  }
}

/** Where a bar lies relative to its point and how wide it is, CSS pixels. */
export function barBox(frame, step, { barWidth = 0.8, barAlign = 0 } = {}) {
  const room = Number.isFinite(step) ? frame.x(frame.range.from + step) - frame.left : 24;
  const width = Math.max(1, Math.min(room * barWidth, 120));
  const left = barAlign < 0 ? -room + (room - width) / 2 : barAlign > 0 ? (room - width) / 2 : -width / 2;
  return { left, width };
}

function drawPoints(context, { line, runs, colour }, frame, { step }) {
  const { points, pointSize, draw, lineWidth } = line.style;
  const distance = Number.isFinite(step) ? frame.x(frame.range.from + step) - frame.left : Infinity;
  const all = draw === "points" || points === "always" || (points === "auto" && distance >= ROOM_FOR_POINTS);
  context.fillStyle = colour;
  context.beginPath();
  for (const { x, y } of runs) {
    // A point without neighbours has no line that would show it.
    const lonely = x.length === 1;
    if (!all && !lonely) continue;
    const radius = all ? pointSize / 2 : Math.max(1.5, lineWidth);
    for (let i = 0; i < x.length; i += 1) {
      context.moveTo(x[i] + radius, y[i]);
      context.arc(x[i], y[i], radius, 0, 2 * Math.PI);
    }
  }
  context.fill();
}

/** Ways from point to point; the pen is on the first one. */
const TRACE = {
  linear(context, x, y) {
    for (let i = 1; i < x.length; i += 1) context.lineTo(x[i], y[i]);
  },
  stepAfter(context, x, y) {
    for (let i = 1; i < x.length; i += 1) {
      context.lineTo(x[i], y[i - 1]);
      context.lineTo(x[i], y[i]);
    }
  },
  stepBefore(context, x, y) {
    for (let i = 1; i < x.length; i += 1) {
      context.lineTo(x[i - 1], y[i]);
      context.lineTo(x[i], y[i]);
    }
  },
  smooth(context, x, y) {
    const slopes = slopesOf(x, y);
    for (let i = 1; i < x.length; i += 1) {
      const third = (x[i] - x[i - 1]) / 3;
      context.bezierCurveTo(
        x[i - 1] + third,
        y[i - 1] + slopes[i - 1] * third,
        x[i] - third,
        y[i] - slopes[i] * third,
        x[i],
        y[i],
      );
    }
  },
};
const BACKWARDS = { stepAfter: "stepBefore", stepBefore: "stepAfter" };

/** Slopes of a curve that never goes beyond its points (Fritsch and Carlson's monotone cubic). */
export function slopesOf(x, y) {
  const count = x.length;
  const secants = [];
  for (let i = 0; i + 1 < count; i += 1) secants.push(x[i + 1] === x[i] ? 0 : (y[i + 1] - y[i]) / (x[i + 1] - x[i]));
  const slopes = new Array(count).fill(0);
  if (count < 2) return slopes;
  slopes[0] = secants[0];
  slopes[count - 1] = secants[count - 2];
  for (let i = 1; i + 1 < count; i += 1) {
    const [before, after] = [secants[i - 1], secants[i]];
    slopes[i] = before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  }
  return slopes;
}

/** A ring at every value under the cursor. */
export function drawDots(context, dots, background) {
  for (const { x, y, colour, strong } of dots) {
    if (!isValue(x) || !isValue(y)) continue;
    context.beginPath();
    context.arc(x, y, strong ? 4.5 : 3.5, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.strokeStyle = background;
    context.lineWidth = 1.5;
    context.fill();
    context.stroke();
  }
}
