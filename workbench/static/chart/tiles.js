/** Several figures side by side in one box: as many columns as use the room best; tiles are kept between updates. */

import { h } from "../ui/dom.js";

const MOST = 60;

export class Tiles {
  #make;
  #grid;
  #tiles = [];
  #sizes;
  #settings = {};

  /**
   * @param {HTMLElement} root @param {string} kind class of the grid and of its tiles
   * @param {(tile: HTMLElement) => {update: (figure: Object, options: Object) => void, destroy?: () => void}} make
   */
  constructor(root, kind, make) {
    this.#make = make;
    this.kind = kind;
    this.#grid = h("div", { class: `tiles ${kind}-tiles`, role: "group" });
    root.append(this.#grid);
    this.#sizes = new ResizeObserver(() => this.#arrange());
    this.#sizes.observe(this.#grid);
  }

  /** @param {import("./figures.js").Figure[]} figures @param {Object} options the chart's */
  update(figures, options) {
    this.#settings = options;
    this.#grid.setAttribute("aria-label", options.label ?? "Values");
    this.#grid.style.height = options.height ? `${options.height}px` : "100%";
    const shown = figures.slice(0, MOST);
    if (!shown.length) shown.push(nothing(options));
    shown.forEach((figure, i) => {
      const element = this.#tiles[i]?.element;
      const kind = kindOf(figure, options);
      if (!element || element.localName !== kind) this.#place(i, kind);
      this.#fill(this.#tiles[i], figure, options);
    });
    for (const tile of this.#tiles.splice(shown.length)) remove(tile);
    this.#arrange();
  }

  destroy() {
    this.#sizes.disconnect();
    for (const tile of this.#tiles) remove(tile);
    this.#grid.remove();
  }

  #place(i, kind) {
    const state = { figure: null, options: null };
    const element = h(kind, {
      class: `tile ${this.kind}`,
      type: kind === "button" ? "button" : null,
      onclick: kind === "button" ? (event) => state.options.onSeries(state.figure.series, event, element) : null,
    });
    const old = this.#tiles[i];
    if (old) {
      old.element.replaceWith(element);
      old.content.destroy?.();
    } else this.#grid.append(element);
    this.#tiles[i] = { element, state, content: this.#make(element) };
  }

  #fill({ element, state, content }, figure, options) {
    Object.assign(state, { figure, options });
    if (element.localName === "a") element.setAttribute("href", figure.series.href);
    element.title = figure.name && figure.name !== figure.text ? `${figure.name}: ${figure.text}` : figure.text;
    content.update(figure, options);
  }

  /** Columns and rows that leave the tiles nearest to the shape asked for. */
  #arrange() {
    const { clientWidth: width, clientHeight: height } = this.#grid;
    const count = this.#tiles.length;
    if (!count || !width) return;
    const { columns, rows } = grid(
      count,
      width,
      height,
      this.#settings.orientation ?? "auto",
      this.#settings.shape ?? 2.4,
    );
    this.#grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.#grid.style.gridTemplateRows = `repeat(${rows}, minmax(0, 1fr))`;
  }
}

/**
 * @param {number} count @param {number} width @param {number} height pixels
 * @param {"auto"|"horizontal"|"vertical"} orientation Grafana's: horizontal puts figures below one another
 * @param {number} shape width by height a tile should have
 * @returns {{columns: number, rows: number}}
 */
export function grid(count, width, height, orientation, shape) {
  if (orientation === "horizontal") return { columns: 1, rows: count };
  if (orientation === "vertical") return { columns: count, rows: 1 };
  let best = { columns: 1, rows: count };
  let least = Infinity;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const empty = (rows * columns - count) / count;
    const off = Math.abs(Math.log(width / columns / (height / rows || 1) / shape)) + empty;
    if (off < least) [least, best] = [off, { columns, rows }];
  }
  return best;
}

function kindOf(figure, options) {
  if (figure.series.href) return "a";
  return options.onSeries && figure.series.name !== undefined ? "button" : "div";
}

function nothing(options) {
  const text = options.noValue ?? "No data";
  return {
    name: "",
    value: NaN,
    text,
    number: text,
    suffix: "",
    colour: null,
    mapped: true,
    series: {},
    min: 0,
    max: 1,
    thresholds: [],
  };
}

function remove({ element, content }) {
  content.destroy?.();
  element.remove();
}
