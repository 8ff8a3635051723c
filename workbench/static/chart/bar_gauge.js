/** A bar for each series, from min to max, with its name and value: for comparing. Plain elements, no canvas. */

import { namedColour } from "../colours.js";
import { h } from "../ui/dom.js";
import { legible } from "./contrast.js";
import { figureChart } from "./figure_chart.js";
import { palette } from "./surface.js";

/**
 * @param {HTMLElement} root has a size of its own; bars that do not fit scroll
 * @param {Object} options as of a stat, and
 * @param {"basic"|"gradient"|"lcd"} [options.display] default "basic"
 * @param {"horizontal"|"vertical"|"auto"} [options.orientation] auto: horizontal in a wide box
 * @param {boolean} [options.unfilled] shows the rest of the range; default true
 * @param {"color"|"text"|"hidden"} [options.valueMode] colour of the value; default "color"
 * @returns {{update: (data: {series: Object[]}) => void, setOptions: Function, destroy: () => void}}
 */
export function barGauge(root, options = {}) {
  return figureChart(root, options, {
    kind: "bar-gauge",
    make: (tile) => new Bar(tile),
    looks: ({ orientation = "horizontal", text = "auto" }, { series }) => {
      const vertical = orientation === "vertical" ||
        (orientation === "auto" && root.clientHeight > 1.5 * root.clientWidth);
      return {
        vertical,
        orientation: vertical ? "vertical" : "horizontal",
        names: text !== "value" || series.length > 1,
      };
    },
  });
}

class Bar {
  #tile;
  #name = h("span", { class: "bar-gauge-name" });
  #value = h("span", { class: "bar-gauge-value" });
  #filled = h("span", { class: "bar-gauge-filled" });
  #track;

  constructor(tile) {
    this.#tile = tile;
    this.#track = h("span", { class: "bar-gauge-track", "aria-hidden": "true" }, this.#filled);
    tile.append(this.#name, this.#track, this.#value);
  }

  update(figure, options) {
    const { background, text, accent } = palette();
    const base = figure.series.colour ?? figure.colour;
    const colour = legible(base ? namedColour(base) : accent, background, 2.2);
    const share = Number.isFinite(figure.value)
      ? Math.min(1, Math.max(0, (figure.value - figure.min) / (figure.max - figure.min)))
      : 0;
    this.#tile.classList.toggle("is-vertical", Boolean(options.vertical));
    this.#tile.dataset.display = options.display ?? "basic";
    this.#tile.classList.toggle("is-unfilled", options.unfilled !== false);
    this.#name.textContent = options.names ? figure.name ?? "" : "";
    this.#name.hidden = !options.names;
    this.#value.textContent = figure.text;
    this.#value.hidden = options.valueMode === "hidden";
    this.#value.style.color = (options.valueMode ?? "color") === "color" ? legible(colour, background, 4.5) : text;
    this.#tile.style.setProperty("--share", String(share));
    this.#tile.style.setProperty("--colour", colour);
    this.#filled.hidden = share === 0;
    this.#tile.style.setProperty(
      "--start",
      options.display === "basic" || !options.display ? colour : startColour(figure, colour, background),
    );
  }
}

/** A gradient begins with the colour of the lowest step. */
function startColour({ thresholds }, colour, background) {
  return thresholds.length > 1 ? legible(namedColour(thresholds[0].colour), background, 2.2) : colour;
}
