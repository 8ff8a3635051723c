/** One row for each series: which state it was in when. Equal neighbours are one bar. */

import { namedColour, seriesColour } from "../colours.js";
import { clock, dateTime, duration } from "../format/time.js";
import { h } from "../ui/dom.js";
import { hideTooltip, tooltipContent } from "./chart_tooltip.js";
import { inkOn, legible, mixed } from "./contrast.js";
import { drawTimeGrid, drawTimeLabels, timeFrame } from "./frame.js";
import { ownRange } from "./series_model.js";
import { spanAt, spansOf } from "./spans.js";
import { crisp } from "./surface.js";
import { TimeChart } from "./time_chart.js";

const MOST_ROWS = 60;
const MOST_STATES = 12;
const WORDS = {
  kind: "state timeline",
  label: "States over time",
  help: "Left and right go from state to state, up and down choose a row, plus and minus zoom.",
};
const AT_REST = { row: -1, time: null, own: false };

/**
 * @typedef {Object} Options every part optional
 * @property {Object[]} mappings Grafana's @property {Object[]} thresholds @property {string} unit
 * @property {number} fill 0 … 100, default 80 @property {number} rowHeight share of the room of a row, default 0.8
 * @property {"auto"|"always"|"never"} showValue text in the bars; auto: where it fits
 * @property {boolean} merge default true @property {number} nullGap seconds
 * @property {"list"|"hidden"} legend default list @property {string} noValue @property {string} label
 * @property {number} height @property {string} syncKey
 * @property {(from: number, to: number) => void} onZoom
 * @property {(series: Object, event: Event, at: {time: number, anchor: Element}) => void} onSeries
 *
 * @param {HTMLElement} root
 * @param {Options} options
 * @returns {{update: (data: Object) => void, setOptions: Function, destroy: () => void}} update takes
 *   `{series: [{name, times, values}]}` (numbers or text) or `{rows: [{name, spans: [{from, to, text, colour}]}]}`,
 *   with an optional `range`
 */
export function stateTimeline(root, options = {}) {
  return new StateTimeline(root, options).handle;
}

class StateTimeline extends TimeChart {
  #rows = [];
  #total = 0;

  constructor(root, options) {
    super(root, options, WORDS, AT_REST);
  }

  applyOptions() {
    this.legend.hidden = this.options.legend === "hidden";
  }

  prepare() {
    const { series, rows } = this.data;
    const all = rows ?? (series ?? []).map((one) => {
      const { mappings = this.options.mappings } = one;
      return {
        name: one.name,
        series: one,
        spans: spansOf(one, { ...this.options, mappings, gap: this.options.nullGap }),
      };
    });
    this.#total = all.length;
    this.#rows = all.slice(0, MOST_ROWS);
    this.showEmpty(!this.#rows.some(({ spans }) => spans.length));
    this.#updateLegend();
    this.frame = null;
    this.surface.invalidateData();
  }

  themed() {
    this.#updateLegend();
  }

  get range() {
    if (this.data.range) return this.data.range;
    const times = this.#rows.flatMap(({ spans }) => spans.flatMap(({ from, to }) => [from, to])).sort((a, b) => a - b);
    return ownRange([{ times }]);
  }

  #colourOf(span, index) {
    if (!span.colour) return seriesColour(index);
    return legible(namedColour(span.colour), this.colours.background, 2.2);
  }

  #updateLegend() {
    if (this.options.legend === "hidden") return;
    const states = new Map();
    for (const { spans } of this.#rows) for (const span of spans) if (span.colour) states.set(span.text, span);
    const items = [...states].slice(0, MOST_STATES).map(([text, span]) =>
      h("li", null, h("span", { class: "chart-swatch is-block", style: { "--colour": this.#colourOf(span, 0) } }), text)
    );
    const more = this.#total > MOST_ROWS ? h("li", null, `Showing ${MOST_ROWS} of ${this.#total} rows.`) : null;
    this.legend.replaceChildren(h("ul", { class: "chart-legend-list" }, items, more));
  }

  // Drawing

  draw(context, { width, height, ratio }) {
    const measure = (text) => context.measureText(text).width;
    const dated = height >= 60;
    const widest = Math.max(0, ...this.#rows.map(({ name }) => measure(name)));
    const left = width < 140 ? 2 : Math.min(Math.ceil((widest + 12) / 8) * 8, Math.round(width * 0.35));
    const right = width - 10;
    const top = 4;
    const bottom = height - (dated ? 20 : 2);
    const rowHeight = (bottom - top) / Math.max(1, this.#rows.length);
    this.frame = { ...timeFrame(this.range, left, right, measure, dated), left, right, top, bottom, rowHeight };
    context.lineWidth = 1 / ratio;
    drawTimeGrid(context, this.frame, this.colours, ratio);
    this.#rows.forEach((row, i) => this.#drawRow(context, row, i, ratio));
    drawTimeLabels(context, this.frame, this.colours, ratio);
  }

  /** Where the bars of a row lie, CSS pixels. */
  #rowBox(index) {
    const { top, rowHeight } = this.frame;
    const size = Math.max(2, Math.min(rowHeight - 1, rowHeight * (this.options.rowHeight ?? 0.8), 48));
    return { middle: top + (index + 0.5) * rowHeight, size };
  }

  #drawRow(context, { name, spans }, index, ratio) {
    const { left, right, rowHeight, range, x } = this.frame;
    const { middle, size } = this.#rowBox(index);
    const round = (value) => Math.round(value * ratio) / ratio;
    context.font = this.colours.font;
    context.textBaseline = "middle";
    if (left > 8 && rowHeight >= 10) {
      context.fillStyle = this.colours.quiet;
      context.textAlign = "right";
      context.fillText(shortened(context, name, left - 12), left - 8, middle);
    }
    const fill = (this.options.fill ?? 80) / 100;
    for (const span of spans) {
      if (span.to <= range.from || span.from >= range.to) continue;
      const start = round(Math.max(left, x(span.from)));
      const end = round(Math.min(right, x(span.to)));
      const colour = mixed(this.colours.background, this.#colourOf(span, index), fill);
      context.fillStyle = colour;
      const seam = end - start > 3 ? 1 / ratio : 0;
      context.fillRect(start, round(middle - size / 2), Math.max(1 / ratio, end - start - seam), round(size));
      this.#drawText(context, span, start, end, middle, size, colour);
    }
  }

  #drawText(context, { text }, start, end, middle, size, colour) {
    const show = this.options.showValue ?? "auto";
    if (show === "never" || size < 12) return;
    const fits = context.measureText(text).width + 10 <= end - start;
    if (!fits && (show === "auto" || end - start < 20)) return;
    context.textAlign = "left";
    context.fillStyle = inkOn(colour);
    context.fillText(fits ? text : shortened(context, text, end - start - 8), start + 5, middle);
  }

  drawCursor(context, { ratio }) {
    const { time, row } = this.cursor;
    this.drawCrosshair(context, time);
    const span = time !== null && this.#rows[row] && spanAt(this.#rows[row].spans, time);
    if (!span) return;
    const left = Math.max(this.frame.left, this.frame.x(span.from));
    const right = Math.min(this.frame.right, this.frame.x(span.to));
    const { middle, size } = this.#rowBox(row);
    context.strokeStyle = this.colours.text;
    context.lineWidth = 1;
    context.strokeRect(crisp(left, ratio), crisp(middle - size / 2, ratio), right - left - 1, size);
  }

  // Pointer

  point(x, y, event) {
    const { left, right, top, rowHeight } = this.frame;
    const row = Math.floor((y - top) / rowHeight);
    if (x < left || x > right || !this.#rows[row]) return this.clearCursor();
    this.pointCursor({ row, time: this.frame.timeAt(x) }, event);
  }

  content() {
    const { row, time } = this.cursor;
    const { name, spans } = this.#rows[row];
    const span = spanAt(spans, time);
    if (!span) return tooltipContent(dateTime(time), [{ name, value: "no value" }]);
    return tooltipContent(`${dateTime(span.from)} to ${clock(span.to)}`, [
      { name, value: span.text, colour: this.#colourOf(span, row) },
      { name: "For", value: duration(span.to - span.from) },
    ]);
  }

  click(x, y, event) {
    this.#open(event, x, y);
  }

  #open(event, x, y) {
    const row = this.#rows[this.cursor.row];
    if (!row || !this.options.onSeries) return;
    hideTooltip(this);
    this.options.onSeries(row.series ?? row, event, { time: this.cursor.time, anchor: this.anchorAt(x, y) });
  }

  // Keyboard

  keys(event) {
    if (!this.#rows.length) return {};
    return {
      ArrowRight: () => this.#walk(1),
      ArrowLeft: () => this.#walk(-1),
      ArrowDown: () => this.#changeRow(1),
      ArrowUp: () => this.#changeRow(-1),
      Enter: () =>
        this.cursor.row >= 0 &&
        this.#open(event, this.frame.x(this.cursor.time), this.#rowBox(this.cursor.row).middle),
    };
  }

  #walk(direction) {
    const row = Math.max(0, this.cursor.row);
    const { spans } = this.#rows[row];
    const { time } = this.cursor;
    const place = time === null ? (direction > 0 ? -1 : spans.length) : spans.indexOf(spanAt(spans, time));
    this.#read(row, spans[Math.min(spans.length - 1, Math.max(0, place + direction))] ?? null);
  }

  #changeRow(direction) {
    const row = (this.cursor.row + direction + this.#rows.length) % this.#rows.length;
    const { spans } = this.#rows[row];
    this.#read(row, spanAt(spans, this.cursor.time ?? Infinity) ?? spans.at(-1) ?? null);
  }

  #read(row, span) {
    const { from, to } = this.range;
    const time = span ? Math.min(to, Math.max(from, (span.from + span.to) / 2)) : to;
    this.placeCursor({ row, time });
    const { name } = this.#rows[row];
    const lasted = span && `${clock(span.from)} to ${clock(span.to)}, ${duration(span.to - span.from)}`;
    this.say(span ? `${name}: ${span.text}, ${lasted}` : `${name}: no value`);
  }

  cursorPixel() {
    const { middle, size } = this.#rowBox(this.cursor.row);
    return { x: this.frame.x(this.cursor.time), y: middle + size / 2 };
  }
}

function shortened(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let end = text.length;
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > room) end -= 1;
  return `${text.slice(0, end)}…`;
}
