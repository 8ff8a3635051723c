/** A histogram over time: one row for each bucket, the darker (in the dark theme: the lighter) the more. */

import { namedColour } from "../colours.js";
import { clock, dateTime } from "../format/time.js";
import { formatValue } from "../format/units.js";
import { h } from "../ui/dom.js";
import { cropped, gridFromBuckets, gridFromCells, gridFromSeries, most, rowPlace } from "./buckets.js";
import { exemplarContent, hideTooltip, tooltipContent } from "./chart_tooltip.js";
import { contrast, mixed } from "./contrast.js";
import { drawTimeLabels, timeFrame } from "./frame.js";
import { drawChosen, drawExemplars, exemplarAt, placeExemplars, placeOf } from "./marks.js";
import { crisp } from "./surface.js";
import { TimeChart } from "./time_chart.js";

/** Shades of the colour scale. */
const SHADES = 32;
const WORDS = {
  kind: "heat map",
  label: "Distribution over time",
  help: "Arrow keys read the cells, E goes to the next exemplar, Enter opens the cell or the exemplar, " +
    "plus and minus zoom.",
};
const NO_CELL = { column: -1, row: -1 };
const AT_REST = { ...NO_CELL, time: null, own: false, exemplar: null };

/**
 * @typedef {Object} Options every part optional
 * @property {string} unit of the buckets; default "s" @property {string} cellUnit of the counts; default "short"
 * @property {number} decimals of the counts
 * @property {number} exponent below 1 small counts stand out more; default 0.5
 * @property {number} hideBelow counts up to this are not drawn; default 0
 * @property {string} colour of the most; default: the accent
 * @property {boolean} legend the scale of colours; default true
 * @property {string} bucketLabel @property {boolean} cumulative see buckets.js
 * @property {string} label @property {number} height @property {string} noValue @property {string} syncKey
 * @property {(from: number, to: number) => void} onZoom
 * @property {(exemplar: Object, event: Event, anchor: Element) => void} onExemplar
 * @property {(cell: {from: number, to: number, low: number, high: number, count: number}, event: Event,
 *   anchor: Element) => void} onCell
 *
 * @param {HTMLElement} root
 * @param {Options} options
 * @returns {{update: (data: Object) => void, setOptions: Function, destroy: () => void}} update takes
 *   `{series}` with bounds in a label, `{cells: [{from, to, low, high, count}]}` or `{times, buckets, counts}`, each
 *   with optional `exemplars` and `range`
 */
export function heatmap(root, options = {}) {
  return new Heatmap(root, options).handle;
}

class Heatmap extends TimeChart {
  #grid = { times: [], step: NaN, rows: [], counts: [] };
  #most = 0;
  #shades = [];
  #scale;

  constructor(root, options) {
    super(root, options, WORDS, AT_REST);
    this.#scale = {
      least: h("span", null),
      ramp: h("span", { class: "heatmap-ramp", "aria-hidden": "true" }),
      most: h("span", null),
    };
    this.legend.classList.add("heatmap-legend");
    this.legend.append(this.#scale.least, this.#scale.ramp, this.#scale.most);
  }

  applyOptions() {
    this.legend.hidden = this.options.legend === false;
  }

  prepare() {
    const { series, cells, buckets } = this.data;
    const { bucketLabel, cumulative, hideBelow } = this.options;
    let grid;
    if (cells) grid = gridFromCells(cells);
    else if (buckets) grid = gridFromBuckets(this.data);
    else grid = gridFromSeries(series ?? [], { label: bucketLabel, cumulative });
    const pointed = this.cursor.column >= 0 ? this.#cell(this.cursor) : null;
    this.#grid = cropped(grid, hideBelow);
    this.#most = most(this.#grid);
    this.showEmpty(!(this.#most > 0));
    this.#scale.least.textContent = this.#most > 0 ? "0" : "";
    this.#scale.most.textContent = this.#most > 0 ? this.#count(this.#most) : "";
    this.#scale.ramp.hidden = !(this.#most > 0);
    // Columns move with every refresh; the cursor stays in its bucket and time.
    if (pointed) this.cursor = { ...this.cursor, ...this.#placeOfCell(pointed) };
    this.frame = null;
    this.surface.invalidateData();
  }

  get #step() {
    return this.#grid.step > 0 ? this.#grid.step : 60;
  }

  get range() {
    const { times } = this.#grid;
    if (this.data.range) return this.data.range;
    if (!times.length) return { from: Date.now() / 1000 - 900, to: Date.now() / 1000 };
    return { from: times[0] - this.#step, to: times[times.length - 1] };
  }

  #write = (bound) => {
    if (Number.isFinite(bound)) return formatValue(bound, this.options.unit ?? "s");
    return bound > 0 ? "∞" : "-∞";
  };

  #count(value) {
    return formatValue(value, this.options.cellUnit ?? "short", this.options.decimals);
  }

  // Drawing

  draw(context, { width, height, ratio }) {
    const { background, text, accent } = this.colours;
    this.#shades = shadesOf(this.options.colour ? namedColour(this.options.colour) : accent, background, text);
    this.#scale.ramp.style.background = `linear-gradient(90deg, ${this.#shades.join(", ")})`;
    this.frame = this.#layOut(width, height, (label) => context.measureText(label).width);
    this.placed = placeExemplars(this.data.exemplars ?? [], this.frame).filter(({ y }) => Number.isFinite(y));
    this.#drawCells(context, ratio);
    this.#drawAxes(context, ratio);
    drawExemplars(context, this.placed, this.colours);
  }

  #layOut(width, height, measure) {
    const { rows } = this.#grid;
    const labelled = width >= 140;
    const dated = height >= 60;
    const edges = rows.length ? [rows[0].low, ...rows.map(({ high }) => high)] : [];
    const widest = Math.max(0, ...edges.map((edge) => measure(this.#write(edge))));
    const left = labelled ? Math.max(32, Math.ceil((widest + 10) / 8) * 8) : 2;
    const right = width - (labelled ? 10 : 2);
    const top = dated ? 8 : 2;
    const bottom = height - (dated ? 20 : 2);
    const rowHeight = (bottom - top) / Math.max(1, rows.length);
    const scale = { low: edges[0], high: Infinity, to: (value) => bottom - rowPlace(rows, value) * rowHeight };
    return {
      ...timeFrame(this.range, left, right, measure, dated),
      left,
      right,
      top,
      bottom,
      rowHeight,
      edges,
      axes: new Map([["left", { scale }]]),
    };
  }

  #drawCells(context, ratio) {
    const { frame } = this;
    const { times, counts, rows } = this.#grid;
    const { hideBelow = 0, exponent = 0.5 } = this.options;
    const round = (value) => Math.round(value * ratio) / ratio;
    const gap = frame.x(frame.range.from + this.#step) - frame.left > 4 && frame.rowHeight > 4 ? 1 : 0;
    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
    context.clip();
    for (let row = 0; row < rows.length; row += 1) {
      const high = round(frame.bottom - (row + 1) * frame.rowHeight);
      const low = round(frame.bottom - row * frame.rowHeight);
      for (let column = 0; column < times.length; column += 1) {
        const count = counts[row][column];
        if (!(count > hideBelow)) continue;
        const start = round(frame.x(times[column] - this.#step));
        const end = round(frame.x(times[column]));
        if (end < frame.left || start > frame.right) continue;
        const shade = Math.min(SHADES - 1, Math.floor((count / this.#most) ** exponent * SHADES));
        context.fillStyle = this.#shades[shade];
        context.fillRect(start, high, Math.max(1 / ratio, end - start - gap), low - high - gap);
      }
    }
    context.restore();
  }

  #drawAxes(context, ratio) {
    const { left, right, top, bottom, edges, rowHeight } = this.frame;
    context.lineWidth = 1 / ratio;
    context.strokeStyle = this.colours.strong;
    context.beginPath();
    context.moveTo(left, crisp(bottom, ratio));
    context.lineTo(right, crisp(bottom, ratio));
    context.stroke();
    if (left > 8) {
      context.font = this.colours.font;
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillStyle = this.colours.quiet;
      const every = Math.max(1, Math.ceil(16 / rowHeight));
      for (let i = 0; i < edges.length; i += every) {
        const y = Math.min(bottom - 1, Math.max(top + 2, bottom - i * rowHeight));
        context.fillText(this.#write(edges[i]), left - 8, y);
      }
    }
    drawTimeLabels(context, this.frame, this.colours, ratio);
  }

  drawCursor(context, { ratio }) {
    const { column, row, time, exemplar } = this.cursor;
    if (column < 0) this.drawCrosshair(context, time);
    else {
      const { frame } = this;
      const left = Math.max(frame.left, frame.x(this.#grid.times[column] - this.#step));
      const right = Math.min(frame.right, frame.x(this.#grid.times[column]));
      const high = crisp(frame.bottom - (row + 1) * frame.rowHeight, ratio);
      context.strokeStyle = this.colours.text;
      context.lineWidth = 1;
      context.strokeRect(crisp(left, ratio) - 0.5 / ratio, high, right - left, frame.rowHeight);
    }
    const chosen = placeOf(this.placed, exemplar);
    if (chosen) drawChosen(context, chosen, this.colours);
  }

  // Cells

  /** The cell under a pixel; column -1 if there is none. */
  #cellAt(x, y) {
    const { left, right, bottom, rowHeight } = this.frame;
    const row = Math.floor((bottom - y) / rowHeight);
    const time = this.frame.timeAt(x);
    const column = this.#grid.times.findIndex((end) => time <= end && time > end - this.#step);
    const inside = row >= 0 && row < this.#grid.rows.length && x >= left && x <= right;
    return inside && column >= 0 ? { column, row } : NO_CELL;
  }

  #placeOfCell({ to, low, high }) {
    const column = this.#grid.times.indexOf(to);
    const row = this.#grid.rows.findIndex((bucket) => bucket.low === low && bucket.high === high);
    return column >= 0 && row >= 0 ? { column, row } : NO_CELL;
  }

  #cell({ column, row }) {
    const to = this.#grid.times[column];
    return { from: to - this.#step, to, ...this.#grid.rows[row], count: this.#grid.counts[row][column] };
  }

  #bucketText({ low, high }) {
    if (high === Infinity) return `above ${this.#write(low)}`;
    if (low === -Infinity || low === 0) return `up to ${this.#write(high)}`;
    return `${this.#write(low)} to ${this.#write(high)}`;
  }

  content() {
    const { exemplar, column } = this.cursor;
    if (exemplar) {
      return exemplarContent(exemplar, this.exemplarValue(exemplar), Boolean(this.options.onExemplar));
    }
    const cell = this.#cell(this.cursor);
    const total = this.#grid.counts.reduce((sum, row) => sum + (row[column] || 0), 0);
    return tooltipContent(`${dateTime(cell.from)} to ${clock(cell.to)}`, [
      { name: "Bucket", value: this.#bucketText(cell) },
      { name: "Count", value: this.#count(cell.count || 0) },
      {
        name: "Of all at this time",
        value: total > 0 ? formatValue((cell.count || 0) / total, "percentunit", 0) : "0%",
      },
    ]);
  }

  // Pointer

  point(x, y, event) {
    const exemplar = exemplarAt(this.placed, x, y)?.exemplar ?? null;
    const at = this.#cellAt(x, y);
    if (at.column < 0 && !exemplar) return this.clearCursor();
    const isLink = Boolean(exemplar ? this.options.onExemplar : this.options.onCell);
    this.pointCursor({ ...at, time: this.frame.timeAt(x), exemplar }, event, isLink);
  }

  click(x, y, event) {
    this.#open(event, { x, y });
  }

  #open(event, { x, y }) {
    const { exemplar, column } = this.cursor;
    hideTooltip(this);
    if (exemplar && this.options.onExemplar) this.options.onExemplar(exemplar, event, this.anchorAt(x, y));
    else if (column >= 0) this.options.onCell?.(this.#cell(this.cursor), event, this.anchorAt(x, y));
  }

  // Keyboard

  keys(event) {
    return {
      ArrowRight: () => this.#walk(1, 0),
      ArrowLeft: () => this.#walk(-1, 0),
      ArrowUp: () => this.#walk(0, 1),
      ArrowDown: () => this.#walk(0, -1),
      e: () => this.nextExemplar(1, NO_CELL),
      E: () => this.nextExemplar(-1, NO_CELL),
      Enter: () => this.#open(event, this.cursorPixel()),
    };
  }

  cursorPixel() {
    const { column, row, exemplar } = this.cursor;
    const placed = placeOf(this.placed, exemplar);
    if (placed) return placed;
    const { left, top, bottom, rowHeight } = this.frame;
    if (column < 0) return { x: left, y: top };
    return { x: this.frame.x(this.#grid.times[column] - this.#step / 2), y: bottom - (row + 0.5) * rowHeight };
  }

  #walk(columns, rows) {
    const { times, rows: buckets } = this.#grid;
    if (!times.length || !buckets.length) return this.say("There are no values.");
    const within = (value, size) => Math.min(size - 1, Math.max(0, value));
    const none = this.cursor.column < 0;
    const column = none ? times.length - 1 : within(this.cursor.column + columns, times.length);
    const row = none ? 0 : within(this.cursor.row + rows, buckets.length);
    this.placeCursor({ column, row, time: times[column], exemplar: null });
    const cell = this.#cell(this.cursor);
    this.say(`${clock(cell.from)} to ${clock(cell.to)}, ${this.#bucketText(cell)}: ${this.#count(cell.count || 0)}`);
  }

  exemplarValue({ value }) {
    return formatValue(value, this.options.unit ?? "s");
  }
}

/** From just above the background to the colour and on towards the text's side, even in contrast. */
function shadesOf(colour, background, text) {
  const strong = contrast(colour, background) < 4 ? mixed(colour, text, 0.35) : colour;
  return Array.from({ length: SHADES }, (_, i) => {
    const share = i / (SHADES - 1);
    return share < 0.75
      ? mixed(background, strong, 0.12 + (share / 0.75) * 0.88)
      : mixed(strong, text, ((share - 0.75) / 0.25) * 0.45);
  });
}
