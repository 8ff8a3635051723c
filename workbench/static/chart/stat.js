/** One large figure for each series, coloured by its thresholds, with the shape of its last minutes behind it. */

import { namedColour } from "../colours.js";
import { h } from "../ui/dom.js";
import { inkOn, legible, mixed } from "./contrast.js";
import { figureChart, hasNames } from "./figure_chart.js";
import { sparkline } from "./sparkline.js";
import { palette } from "./surface.js";

/**
 * @param {HTMLElement} root has a size of its own
 * @param {Object} options every part optional
 * @param {string} options.unit @param {number} options.decimals @param {string} options.calc default "lastNotNull"
 * @param {Object[]} options.thresholds @param {"absolute"|"percentage"} options.thresholdMode
 * @param {Object[]} options.mappings @param {string} options.noValue
 * @param {"value"|"background"|"background_solid"|"none"} options.colourMode default "value"
 * @param {"area"|"line"|"none"} options.graph default "area"
 * @param {"auto"|"value"|"value_and_name"|"name"|"none"} options.text auto: names where there are several
 * @param {"auto"|"horizontal"|"vertical"} options.orientation @param {"auto"|"center"} options.justify
 * @param {number} options.min @param {number} options.max of the graph and of percentage thresholds
 * @param {string} options.label for screen readers
 * @param {(series: Object, event: Event, anchor: Element) => void} options.onSeries makes each figure a button
 * @returns {{update: (data: {series: Object[], range?: Object}) => void, setOptions: Function, destroy: () => void}}
 *   series: see figures.js; `href` makes a figure a link
 */
export function stat(root, options = {}) {
  return figureChart(root, options, {
    kind: "stat",
    make: (tile) => new StatTile(tile),
    looks: (settings, data) => ({ names: hasNames(settings, data), range: data.range }),
  });
}

class StatTile {
  #tile;
  #name = h("div", { class: "stat-name" });
  #number = h("span", { class: "stat-number" });
  #suffix = h("span", { class: "stat-suffix" });
  #value;
  #graph = h("div", { class: "stat-graph" });
  #spark = null;

  constructor(tile) {
    this.#tile = tile;
    this.#value = h("div", { class: "stat-value" }, this.#number, this.#suffix);
    tile.append(this.#graph, h("div", { class: "stat-text" }, this.#name, this.#value));
  }

  update(figure, options) {
    const { background: card, text } = palette();
    const mode = options.colourMode ?? "value";
    const solid = mode.startsWith("background") && figure.colour;
    const colour = figure.colour ? namedColour(figure.colour) : text;
    const ground = solid ? legible(colour, card, 1.2) : card;
    // A large figure needs a contrast of three, words need more.
    const ink = solid ? inkOn(ground) : mode === "value" ? legible(colour, card, figure.mapped ? 4.5 : 3.2) : text;
    const { style } = this.#tile;
    style.background = !solid
      ? ""
      : mode === "background_solid"
      ? ground
      : `linear-gradient(120deg, ${ground}, ${mixed(ground, "#000", 0.12)})`;
    style.setProperty("--ink", ink);
    this.#tile.classList.toggle("is-solid", Boolean(solid));
    this.#tile.classList.toggle("is-words", figure.mapped);
    this.#tile.classList.toggle("is-centred", options.justify === "center");
    set(this.#name, options.names || options.text === "name" ? figure.name : "");
    this.#name.classList.toggle("is-large", options.text === "name");
    set(this.#number, options.text === "name" || options.text === "none" ? "" : figure.number);
    set(this.#suffix, options.text === "name" || options.text === "none" ? "" : figure.suffix);
    this.#value.style.setProperty("--length", String(Math.max(4, figure.number.length + 0.6 * figure.suffix.length)));
    this.#drawGraph(figure, options, solid ? inkOn(ground) : mode === "none" ? colour : ink, ground);
  }

  #drawGraph({ series, thresholds }, { graph = "area", range, min, max }, colour, ground) {
    const { times, values } = series;
    const wanted = graph !== "none" && times?.length > 1;
    this.#graph.hidden = !wanted;
    this.#tile.classList.toggle("has-graph", wanted);
    if (!wanted) {
      this.#spark?.destroy();
      this.#spark = null;
      return;
    }
    const look = {
      colour,
      onSurface: ground,
      fill: graph === "area" ? 14 : 0,
      min,
      max: thresholds.length ? max : undefined,
    };
    this.#spark ??= sparkline(this.#graph, look);
    this.#spark.setOptions(look);
    this.#spark.update({ times, values, range });
  }

  destroy() {
    this.#spark?.destroy();
  }
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}
