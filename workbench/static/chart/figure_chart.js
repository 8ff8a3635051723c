/** What the charts of single figures share: their options, their data, and tiles that are drawn anew with either. */

import { onThemeChange } from "../colours.js";
import { figures } from "./figures.js";
import { Tiles } from "./tiles.js";

/**
 * @param {HTMLElement} root
 * @param {Object} options the chart's
 * @param {{kind: string, make: (tile: HTMLElement) => Object, looks: (settings: Object, data: Object) => Object}} chart
 *   `kind` and `make` as of `Tiles`; `looks`: what a tile is told beside the options
 * @returns {{update: (data: {series: Object[]}) => void, setOptions: (changes: Object) => void, destroy: () => void}}
 */
export function figureChart(root, options, { kind, make, looks }) {
  let settings = options;
  let data = { series: [] };
  const tiles = new Tiles(root, kind, make);
  const draw = () => tiles.update(figures(data.series, settings), { ...settings, ...looks(settings, data) });
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

/** Whether each figure has its name beside it. */
export function hasNames({ text = "auto" }, { series }) {
  return text === "value_and_name" || (text === "auto" && series.length > 1);
}
