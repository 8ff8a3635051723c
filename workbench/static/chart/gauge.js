/** An arc from min to max: how full something is, coloured by its thresholds. */

import { namedColour } from "../colours.js";
import { formatValue } from "../format/units.js";
import { h } from "../ui/dom.js";
import { legible } from "./contrast.js";
import { figureChart, hasNames } from "./figure_chart.js";
import { palette, Surface } from "./surface.js";

/** The arc leaves the bottom open, radians. */
const START = Math.PI * 0.85;
const END = Math.PI * 2.15;

/**
 * @param {HTMLElement} root has a size of its own
 * @param {Object} options as of a stat, and
 * @param {boolean} [options.thresholdMarkers] a thin outer band with the steps' colours; default true
 * @param {boolean} [options.thresholdLabels] their values; default false
 * @returns {{update: (data: {series: Object[]}) => void, setOptions: Function, destroy: () => void}}
 */
export function gauge(root, options = {}) {
  return figureChart(root, options, {
    kind: "gauge",
    make: (tile) => new GaugeTile(tile),
    looks: (settings, data) => ({ names: hasNames(settings, data), shape: 1.4 }),
  });
}

class GaugeTile {
  #plot = h("div", { class: "gauge-plot", role: "img" });
  #name = h("div", { class: "gauge-name" });
  #surface;
  #figure = null;
  #options = {};

  constructor(tile) {
    tile.append(this.#plot, this.#name);
    this.#surface = new Surface(this.#plot, { draw: (context, size) => this.#figure && this.#draw(context, size) });
  }

  update(figure, options) {
    this.#figure = figure;
    this.#options = options;
    this.#name.textContent = options.names ? figure.name : "";
    this.#name.hidden = !options.names;
    const { unit, decimals } = unitOf(figure, options);
    const ends = [figure.min, figure.max].map((end) => formatValue(end, unit, decimals));
    this.#plot.setAttribute(
      "aria-label",
      `${figure.name || options.label || "Value"}: ${figure.text} of ${ends[0]} to ${ends[1]}`,
    );
    this.#surface.invalidate();
  }

  destroy() {
    this.#surface.destroy();
  }

  #draw(context, { width, height }) {
    const figure = this.#figure;
    const { thresholdMarkers = true, thresholdLabels = false } = this.#options;
    const colours = palette();
    const shown = (colour) => legible(namedColour(colour), colours.background, 2.2);
    const room = thresholdLabels ? 22 : 0;
    // Of a circle of radius 1 the arc is 1 high above its middle and 0.46 below.
    const radius = Math.max(12, Math.min((width - 8) / 2 - room, (height - 6 - room) / 1.46));
    const middle = { x: width / 2, y: (height - 1.46 * radius + room) / 2 + radius };
    const band = Math.max(2, radius * 0.05);
    const thick = Math.max(5, radius * 0.2);
    const inner = radius - (thresholdMarkers ? band + 2 : 0) - thick / 2;
    const angle = (value) =>
      START + (END - START) * Math.min(1, Math.max(0, (value - figure.min) / (figure.max - figure.min)));
    const arc = (from, to, at, size, colour) => {
      if (!(to > from)) return;
      context.beginPath();
      context.arc(middle.x, middle.y, at, from, to);
      context.lineWidth = size;
      context.strokeStyle = colour;
      context.stroke();
    };
    arc(START, END, inner, thick, colours.line);
    const colour = figure.colour ? shown(figure.colour) : colours.accent;
    if (Number.isFinite(figure.value)) arc(START, angle(figure.value), inner, thick, colour);
    const steps = figure.thresholds;
    steps.forEach((step, i) => {
      const from = angle(Math.max(step.value, figure.min));
      const to = angle(Math.min(steps[i + 1]?.value ?? Infinity, figure.max));
      if (thresholdMarkers) arc(from, to, radius - band / 2, band, shown(step.colour));
      if (thresholdLabels && step.value > figure.min && step.value < figure.max) {
        this.#label(context, step, middle, radius, from, colours);
      }
    });
    this.#write(context, middle, inner - thick / 2, colours);
  }

  #label(context, { value }, { x, y }, radius, angle, colours) {
    const { unit, decimals } = unitOf(this.#figure, this.#options);
    context.font = colours.font;
    context.fillStyle = colours.quiet;
    context.textAlign = Math.cos(angle) > 0.2 ? "left" : Math.cos(angle) < -0.2 ? "right" : "center";
    context.textBaseline = "middle";
    context.fillText(
      formatValue(value, unit, decimals),
      x + Math.cos(angle) * (radius + 5),
      y + Math.sin(angle) * (radius + 9),
    );
  }

  #write(context, { x, y }, room, colours) {
    const { text, mapped, colour } = this.#figure;
    const { family } = colours;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = colour ? legible(namedColour(colour), colours.background, 3.2) : colours.text;
    const most = mapped ? Math.min(15, room * 0.5) : Math.min(34, room * 0.62);
    context.font = `600 ${most}px ${family}`;
    const wide = context.measureText(text).width;
    const fits = (room * 1.75) / wide;
    if (fits < 1) context.font = `600 ${Math.max(9, most * fits)}px ${family}`;
    context.fillText(text, x, y + room * 0.06);
  }
}

const unitOf = ({ series }, options) => ({
  unit: series.unit ?? options.unit,
  decimals: series.decimals ?? options.decimals,
});
