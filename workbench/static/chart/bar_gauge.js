/** A bar for each series, from min to max, with its name and value: for comparing. Plain elements, no canvas. */

import { namedColour, onThemeChange } from "../colours.js";
import { h } from "../ui/dom.js";
import { legible } from "./contrast.js";
import { figures } from "./figures.js";
import { palette } from "./surface.js";
import { Tiles } from "./tiles.js";

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
  let settings = options;
  let data = { series: [] };
  const tiles = new Tiles(root, "bar-gauge", (tile) => new Bar(tile));
  const draw = () => {
    const vertical = (settings.orientation ?? "horizontal") === "vertical" ||
      (settings.orientation === "auto" && root.clientHeight > 1.5 * root.clientWidth);
    tiles.update(figures(data.series, settings), {
      ...settings,
      vertical,
      orientation: vertical ? "vertical" : "horizontal",
      names: (settings.text ?? "auto") !== "value" || data.series.length > 1,
    });
  };
  const stopTheme = onThemeChange(draw);
  draw();
  return {
    update(next) {
      data = { ...next, series: next.series ?? [] };
      draw();
    },
    setOptions(changes) {
      settings = { ...settings, ...changes };
      draw();
    },
    destroy() {
      stopTheme();
      tiles.destroy();
    },
  };
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
