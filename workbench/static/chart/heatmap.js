/** A histogram over time: one row for each bucket, the darker (in the dark theme: the lighter) the more. */

import { clock, dateTime } from "../format/time.js";
import { formatValue } from "../format/units.js";
import { h, uniqueId } from "../ui/dom.js";
import { cropped, gridFromBuckets, gridFromCells, gridFromSeries, most, rowPlace } from "./buckets.js";
import { hideTooltip, showTooltip, tooltipContent } from "./chart_tooltip.js";
import { contrast, mixed } from "./contrast.js";
import { drawTimeLabels, timeFrame } from "./frame.js";
import { drawChosen, drawExemplars, exemplarAt, placeExemplars } from "./marks.js";
import { joinCursor } from "./shared_cursor.js";
import { crisp, palette, Surface } from "./surface.js";
import { TimePointer } from "./time_pointer.js";

/** Shades of the colour scale. */
const SHADES = 32;
const KEYS = "Arrow keys read the cells, E goes to the next exemplar, Enter opens the cell or the exemplar, plus and minus zoom.";

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
  const chart = new Heatmap(root, options);
  return {
    update: (data) => chart.update(data),
    setOptions: (changes) => chart.setOptions(changes),
    destroy: () => chart.destroy(),
  };
}

class Heatmap {
  #options;
  #data = {};
  #grid = { times: [], step: NaN, rows: [], counts: [] };
  #most = 0;
  #frame = null;
  #placed = [];
  #colours = null;
  #shades = [];
  #cursor = { column: -1, row: -1, time: null, exemplar: null };
  #selection = [NaN, NaN];
  #parts;
  #surface;
  #pointer;
  #group;

  constructor(root, options) {
    this.#options = options;
    this.#parts = this.#build();
    root.append(this.#parts.chart);
    this.#surface = new Surface(this.#parts.plot, {
      draw: (context, size) => this.#draw(context, size),
      overlay: (context, size) => this.#drawCursor(context, size),
    });
    this.#pointer = new TimePointer(this.#parts.plot, {
      move: (x, y, event) => this.#point(x, y, event),
      leave: () => this.#clear(),
      click: (x, y, event) => this.#click(x, y, event),
      zoom: (start, end) => this.#options.onZoom?.(this.#timeAt(start), this.#timeAt(end)),
      widen: () => this.#zoomBy(2),
      select: (start, end) => {
        this.#selection = [start, end];
        this.#surface.invalidateOverlay();
      },
    });
    this.#joinGroup();
    this.#applyOptions();
  }

  update(data) {
    this.#data = data;
    this.#prepare();
  }

  setOptions(changes) {
    const key = this.#options.syncKey;
    this.#options = { ...this.#options, ...changes };
    if (key !== this.#options.syncKey) this.#joinGroup();
    this.#applyOptions();
    this.#prepare();
  }

  destroy() {
    hideTooltip(this);
    this.#group.leave();
    this.#pointer.destroy();
    this.#surface.destroy();
    this.#parts.chart.remove();
  }

  #build() {
    const help = uniqueId("heatmap-help");
    const plot = h("div", {
      class: "chart-plot", tabindex: "0", role: "application", "aria-roledescription": "heat map", "aria-describedby": help,
      onkeydown: (event) => this.#key(event), onblur: () => this.#clear(),
    });
    const anchor = h("span", { class: "chart-anchor" });
    const message = h("div", { class: "chart-message", hidden: true });
    plot.append(anchor, message);
    const least = h("span", null);
    const largest = h("span", null);
    const ramp = h("span", { class: "heatmap-ramp", "aria-hidden": "true" });
    const legend = h("div", { class: "chart-legend heatmap-legend" }, least, ramp, largest);
    const live = h("div", { class: "visually-hidden", "aria-live": "polite" });
    const chart = h("div", { class: "chart" }, h("div", { class: "chart-body" }, plot, legend),
      h("p", { class: "visually-hidden", id: help }, KEYS), live);
    return { chart, plot, anchor, message, least, largest, ramp, legend, live };
  }

  #applyOptions() {
    const { height, label, legend } = this.#options;
    this.#parts.chart.style.height = height ? `${height}px` : "100%";
    this.#parts.plot.setAttribute("aria-label", label ?? "Distribution over time");
    this.#parts.plot.classList.toggle("is-zoomable", Boolean(this.#options.onZoom));
    this.#parts.legend.hidden = legend === false;
  }

  #joinGroup() {
    this.#group?.leave();
    this.#group = joinCursor(this.#options.syncKey, (time) => {
      this.#cursor = { column: -1, row: -1, time, exemplar: null };
      hideTooltip(this);
      this.#surface.invalidateOverlay();
    });
  }

  #prepare() {
    const { series, cells, buckets } = this.#data;
    if (cells) this.#grid = gridFromCells(cells);
    else if (buckets) this.#grid = gridFromBuckets(this.#data);
    else this.#grid = gridFromSeries(series ?? [], { label: this.#options.bucketLabel, cumulative: this.#options.cumulative });
    this.#grid = cropped(this.#grid, this.#options.hideBelow);
    this.#most = most(this.#grid);
    const empty = !(this.#most > 0);
    const { message, chart, least, largest } = this.#parts;
    message.hidden = !empty;
    message.textContent = empty ? this.#options.noValue ?? "No data in this time range." : "";
    chart.classList.toggle("is-empty", empty);
    least.textContent = empty ? "" : "0";
    largest.textContent = empty ? "" : this.#count(this.#most);
    this.#cursor = { ...this.#cursor, column: -1, row: -1 };
    this.#surface.invalidate();
  }

  get #step() {
    return Number.isFinite(this.#grid.step) && this.#grid.step > 0 ? this.#grid.step : 60;
  }

  get #range() {
    const { times } = this.#grid;
    if (this.#data.range) return this.#data.range;
    if (!times.length) return { from: Date.now() / 1000 - 900, to: Date.now() / 1000 };
    return { from: times[0] - this.#step, to: times[times.length - 1] };
  }

  #draw(context, { width, height, ratio }) {
    this.#colours = palette(this.#parts.plot);
    this.#shades = scaleOf(this.#options.colour ?? this.#colours.accent, this.#colours.background, this.#colours.text);
    this.#parts.ramp.style.background = `linear-gradient(90deg, ${this.#shades.join(", ")})`;
    context.font = this.#colours.font;
    this.#layOut(context, width, height);
    this.#drawCells(context, ratio);
    this.#drawAxes(context, ratio);
    drawExemplars(context, this.#placed, this.#colours);
  }

  #layOut(context, width, height) {
    const { rows } = this.#grid;
    const labelled = width >= 140;
    const dated = height >= 60;
    const edges = rows.length ? [rows[0].low, ...rows.map(({ high }) => high)] : [];
    const finite = edges.filter(Number.isFinite);
    const write = (value) => (Number.isFinite(value) ? formatValue(value, this.#options.unit ?? "s") : value > 0 ? "∞" : "-∞");
    const measure = (text) => context.measureText(text).width;
    const left = labelled ? Math.max(32, Math.ceil((Math.max(0, ...finite.map((edge) => measure(write(edge)))) + 10) / 8) * 8) : 2;
    const top = dated ? 8 : 2;
    const bottom = height - (dated ? 20 : 2);
    const right = width - (labelled ? 10 : 2);
    const rowHeight = (bottom - top) / Math.max(1, rows.length);
    const scale = {
      low: edges[0], high: Infinity,
      to: (value) => bottom - rowPlace(rows, value) * rowHeight,
    };
    this.#frame = {
      ...timeFrame(this.#range, left, right, measure, dated), left, right, top, bottom, rowHeight, edges, write,
      axes: new Map([["left", { scale }]]),
    };
    this.#placed = placeExemplars(this.#data.exemplars ?? [], this.#frame).filter(({ y }) => Number.isFinite(y));
  }

  #drawCells(context, ratio) {
    const frame = this.#frame;
    const { times, counts, rows } = this.#grid;
    const hideBelow = this.#options.hideBelow ?? 0;
    const exponent = this.#options.exponent ?? 0.5;
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
        const end = round(frame.x(times[column]));
        const start = round(frame.x(times[column] - this.#step));
        if (end < frame.left || start > frame.right) continue;
        context.fillStyle = this.#shades[Math.min(SHADES - 1, Math.floor((count / this.#most) ** exponent * SHADES))];
        context.fillRect(start, high, Math.max(1 / ratio, end - start - gap), low - high - gap);
      }
    }
    context.restore();
  }

  #drawAxes(context, ratio) {
    const frame = this.#frame;
    const { left, right, top, bottom, edges, rowHeight, write } = frame;
    context.font = this.#colours.font;
    context.lineWidth = 1 / ratio;
    context.strokeStyle = this.#colours.strong;
    context.beginPath();
    context.moveTo(left, crisp(bottom, ratio));
    context.lineTo(right, crisp(bottom, ratio));
    context.stroke();
    if (left > 8) {
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillStyle = this.#colours.quiet;
      const every = Math.max(1, Math.ceil(16 / rowHeight));
      for (let i = 0; i < edges.length; i += every) {
        const y = Math.min(bottom - 1, Math.max(top + 2, bottom - i * rowHeight));
        context.fillText(write(edges[i]), left - 8, y);
      }
    }
    drawTimeLabels(context, frame, this.#colours, ratio);
  }

  #drawCursor(context, { ratio }) {
    const frame = this.#frame;
    if (!frame) return;
    const [start, end] = this.#selection;
    if (start < end) {
      context.fillStyle = this.#colours.selection;
      context.globalAlpha = 0.5;
      context.fillRect(start, frame.top, end - start, frame.bottom - frame.top);
      context.globalAlpha = 1;
    }
    const { column, row, time, exemplar } = this.#cursor;
    if (column >= 0) {
      const left = Math.max(frame.left, frame.x(this.#grid.times[column] - this.#step));
      const right = Math.min(frame.right, frame.x(this.#grid.times[column]));
      const low = frame.bottom - row * frame.rowHeight;
      context.strokeStyle = this.#colours.text;
      context.lineWidth = 1;
      const high = low - frame.rowHeight;
      context.strokeRect(crisp(left, ratio) - 0.5 / ratio, crisp(high, ratio), right - left, low - high);
    } else if (time !== null && time >= frame.range.from && time <= frame.range.to) {
      const x = crisp(frame.x(time), ratio);
      context.strokeStyle = this.#colours.faint;
      context.lineWidth = 1 / ratio;
      context.beginPath();
      context.moveTo(x, frame.top);
      context.lineTo(x, frame.bottom);
      context.stroke();
    }
    const chosen = exemplar && this.#placed.find((one) => one.exemplar === exemplar);
    if (chosen) drawChosen(context, chosen, this.#colours);
  }

  #timeAt(x) {
    return this.#frame.timeAt(Math.min(this.#frame.right, Math.max(this.#frame.left, x)));
  }

  /** The cell under a pixel; column -1 if there is none. */
  #cellAt(x, y) {
    const frame = this.#frame;
    const row = Math.floor((frame.bottom - y) / frame.rowHeight);
    const time = frame.timeAt(x);
    const column = this.#grid.times.findIndex((end) => time <= end && time > end - this.#step);
    const inside = row >= 0 && row < this.#grid.rows.length && x >= frame.left && x <= frame.right;
    return inside && column >= 0 ? { column, row } : { column: -1, row: -1 };
  }

  #cell({ column, row }) {
    const to = this.#grid.times[column];
    return { from: to - this.#step, to, ...this.#grid.rows[row], count: this.#grid.counts[row][column] };
  }

  #count(value) {
    return formatValue(value, this.#options.cellUnit ?? "short", this.#options.decimals);
  }

  #bucketText({ low, high }) {
    const { write } = this.#frame;
    if (high === Infinity) return `above ${write(low)}`;
    if (low === -Infinity || low === 0) return `up to ${write(high)}`;
    return `${write(low)} to ${write(high)}`;
  }

  #point(x, y, event) {
    if (!this.#frame) return;
    const exemplar = exemplarAt(this.#placed, x, y)?.exemplar ?? null;
    const at = this.#cellAt(x, y);
    if (at.column < 0 && !exemplar) return this.#clear();
    this.#cursor = { ...at, time: this.#frame.timeAt(x), exemplar };
    this.#parts.plot.classList.toggle("is-link", Boolean(exemplar ? this.#options.onExemplar : this.#options.onCell));
    this.#surface.invalidateOverlay();
    this.#group.move(this.#cursor.time);
    showTooltip(this, exemplar ? this.#exemplarContent(exemplar) : this.#cellContent(at), event.clientX, event.clientY);
  }

  #cellContent(at) {
    const cell = this.#cell(at);
    const total = this.#grid.counts.reduce((sum, row) => sum + (row[at.column] || 0), 0);
    const share = total > 0 ? formatValue((cell.count || 0) / total, "percentunit", 0) : "0%";
    return tooltipContent(`${dateTime(cell.from)} to ${clock(cell.to)}`, [
      { name: "Bucket", value: this.#bucketText(cell) },
      { name: "Count", value: this.#count(cell.count || 0) },
      { name: "Of this column", value: share },
    ]);
  }

  #exemplarContent(exemplar) {
    const rows = [{ name: "Value", value: formatValue(exemplar.value, this.#options.unit ?? "s") },
      ...(exemplar.traceId ? [{ name: "Trace", value: exemplar.traceId }] : [])];
    return tooltipContent(`Exemplar, ${dateTime(exemplar.time, { milliseconds: true })}`, rows,
      this.#options.onExemplar ? "Click to follow it." : undefined);
  }

  #clear() {
    if (this.#cursor.time === null && this.#cursor.column < 0) return;
    this.#cursor = { column: -1, row: -1, time: null, exemplar: null };
    this.#parts.plot.classList.remove("is-link");
    hideTooltip(this);
    this.#group.move(null);
    this.#surface.invalidateOverlay();
  }

  #click(x, y, event) {
    this.#parts.plot.focus({ preventScroll: true });
    this.#point(x, y, event);
    this.#open(event, { x, y });
  }

  #open(event, { x, y }) {
    const { exemplar, column, row } = this.#cursor;
    hideTooltip(this);
    this.#parts.anchor.style.transform = `translate(${x}px, ${y}px)`;
    if (exemplar && this.#options.onExemplar) this.#options.onExemplar(exemplar, event, this.#parts.anchor);
    else if (column >= 0) this.#options.onCell?.(this.#cell({ column, row }), event, this.#parts.anchor);
  }

  #zoomBy(factor) {
    const { from, to } = this.#range;
    const half = ((to - from) * factor) / 2;
    this.#options.onZoom?.((from + to) / 2 - half, (from + to) / 2 + half);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = {
      ArrowRight: () => this.#walk(1, 0), ArrowLeft: () => this.#walk(-1, 0),
      ArrowUp: () => this.#walk(0, 1), ArrowDown: () => this.#walk(0, -1),
      e: () => this.#nextExemplar(1), E: () => this.#nextExemplar(-1),
      Enter: () => this.#open(event, this.#cursorPixel()),
      Escape: () => this.#clear(),
      "+": () => this.#zoomBy(0.5), "=": () => this.#zoomBy(0.5), "-": () => this.#zoomBy(2),
    }[event.key];
    if (!action) return;
    action();
    event.preventDefault();
    event.stopPropagation();
  }

  #cursorPixel() {
    const { column, row, exemplar } = this.#cursor;
    const placed = exemplar && this.#placed.find((one) => one.exemplar === exemplar);
    if (placed) return placed;
    if (column < 0) return { x: this.#frame.left, y: this.#frame.top };
    const frame = this.#frame;
    return { x: frame.x(this.#grid.times[column] - this.#step / 2), y: frame.bottom - (row + 0.5) * frame.rowHeight };
  }

  #walk(columns, rows) {
    const { times, rows: buckets } = this.#grid;
    if (!times.length || !buckets.length || !this.#frame) return;
    const none = this.#cursor.column < 0;
    const clamp = (value, size) => Math.min(size - 1, Math.max(0, value));
    const column = none ? times.length - 1 : clamp(this.#cursor.column + columns, times.length);
    const row = none ? 0 : clamp(this.#cursor.row + rows, buckets.length);
    this.#cursor = { column, row, time: times[column], exemplar: null };
    const cell = this.#cell({ column, row });
    this.#surface.invalidateOverlay();
    this.#group.move(cell.to);
    this.#parts.live.textContent = `${clock(cell.from)} to ${clock(cell.to)}, ${this.#bucketText(cell)}: ${this.#count(cell.count || 0)}`;
    const box = this.#parts.plot.getBoundingClientRect();
    const { x, y } = this.#cursorPixel();
    showTooltip(this, this.#cellContent({ column, row }), box.left + x, box.top + y);
  }

  #nextExemplar(direction) {
    const count = this.#placed.length;
    if (!count) {
      this.#parts.live.textContent = "There are no exemplars.";
      return;
    }
    const place = this.#placed.findIndex(({ exemplar }) => exemplar === this.#cursor.exemplar);
    const next = place < 0 ? (direction > 0 ? 0 : count - 1) : (place + direction + count) % count;
    const { exemplar } = this.#placed[next];
    this.#cursor = { column: -1, row: -1, time: exemplar.time, exemplar };
    this.#surface.invalidateOverlay();
    const value = formatValue(exemplar.value, this.#options.unit ?? "s");
    const trace = exemplar.traceId ? `, trace ${exemplar.traceId}` : "";
    this.#parts.live.textContent = `Exemplar ${next + 1} of ${count}: ${value} at ${clock(exemplar.time)}${trace}`;
  }
}

/** From just above the background to the colour and on towards the text's side, even in contrast. */
function scaleOf(colour, background, text) {
  const strong = contrast(colour, background) < 4 ? mixed(colour, text, 0.35) : colour;
  return Array.from({ length: SHADES }, (_, i) => {
    const share = i / (SHADES - 1);
    return share < 0.75 ? mixed(background, strong, 0.12 + (share / 0.75) * 0.88) : mixed(strong, text, ((share - 0.75) / 0.25) * 0.45);
  });
}
