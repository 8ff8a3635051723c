/** A line without axes, the size of a word: only its shape matters, the value stands beside it as text. */

import { namedColour } from "../colours.js";
import { h } from "../ui/dom.js";
import { legible, withAlpha } from "./contrast.js";
import { bounds, drawnIndices, usualStep } from "./points.js";
import { palette, Surface } from "./surface.js";

/**
 * @param {HTMLElement} root gives the size
 * @param {{colour?: string, fill?: number, lineWidth?: number, min?: number, max?: number, label?: string,
 *   onSurface?: string}} options fill 0 … 100; `onSurface`: colour it lies on, if not the card's;
 *   without a label it is hidden from screen readers
 * @returns {{update: (data: {times: ArrayLike<number>, values: ArrayLike<number>,
 *   range?: {from: number, to: number}}) => void, setOptions: Function, destroy: () => void}}
 */
export function sparkline(root, options = {}) {
  let settings = { fill: 12, lineWidth: 1.5, ...options };
  let data = { times: [], values: [] };
  const plot = h("div", { class: "sparkline" });
  root.append(plot);
  const surface = new Surface(plot, { draw: (context, size) => drawSparkline(context, size, data, settings) });
  const describe = () => {
    if (settings.label) {
      plot.setAttribute("role", "img");
      plot.setAttribute("aria-label", settings.label);
    } else plot.setAttribute("aria-hidden", "true");
  };
  describe();
  return {
    update(next) {
      data = next;
      surface.invalidateData();
    },
    setOptions(changes) {
      settings = { ...settings, ...changes };
      describe();
      surface.invalidate();
    },
    destroy() {
      surface.destroy();
      plot.remove();
    },
  };
}

function drawSparkline(context, { width, height, ratio }, { times, values, range }, settings) {
  if (!times?.length) return;
  const colours = palette();
  const colour = legible(namedColour(settings.colour ?? colours.accent), settings.onSurface ?? colours.background, 2);
  const { from, to } = range ?? { from: times[0], to: times[times.length - 1] };
  const found = bounds(times, values, from, to);
  const low = settings.min ?? found.low;
  const high = settings.max ?? found.high;
  if (!Number.isFinite(low) || !Number.isFinite(high)) return;
  const edge = settings.lineWidth / 2 + 0.5;
  const x = (time) => (to > from ? ((time - from) / (to - from)) * width : width / 2);
  // Without any variation the line lies in the middle, not on an edge.
  const y = (value) => (high > low ? height - edge - ((value - low) / (high - low)) * (height - 2 * edge) : height / 2);
  const step = usualStep([{ times }]);
  const indices = drawnIndices(
    times,
    values,
    from,
    to > from ? to : from + 1,
    Math.round(width * ratio),
    1.5 * step || Infinity,
  );
  const line = new Path2D();
  const area = new Path2D();
  let start = NaN;
  let before = NaN;
  const close = () => {
    if (Number.isNaN(start)) return;
    area.lineTo(before, height);
    area.lineTo(start, height);
    area.closePath();
    if (start === before) line.arc(start, before, 0.1, 0, 1);
  };
  for (const i of indices) {
    if (i < 0) {
      close();
      start = NaN;
      continue;
    }
    const px = x(times[i]);
    const py = y(values[i]);
    const move = Number.isNaN(start) ? "moveTo" : "lineTo";
    if (Number.isNaN(start)) start = px;
    line[move](px, py);
    area[move](px, py);
    before = px;
  }
  close();
  if (settings.fill > 0) {
    context.fillStyle = withAlpha(colour, settings.fill / 100);
    context.fill(area);
  }
  context.strokeStyle = colour;
  context.lineWidth = settings.lineWidth;
  context.lineJoin = "round";
  context.lineCap = "round";
  context.stroke(line);
}
