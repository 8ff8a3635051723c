/**
 * Lines, areas, bars and points over time, with axes, legend, tooltip, exemplars, annotations and zoom.
 *
 * @typedef {Object} Series
 * @property {string} name shown in legend and tooltip
 * @property {Object<string, string>} [labels]
 * @property {ArrayLike<number>} times unix seconds, ascending
 * @property {ArrayLike<number>} values NaN or null: no value at that time
 * @property {string} [colour] any CSS colour; default: the series' own by its place
 * @property {SeriesStyle} [style] differences from the chart's options
 * @property {"left"|"right"|"hidden"} [axis] default: left, but right if `unit` is not the chart's;
 *   "hidden": own scale of its own unit, no axis
 * @property {string} [unit] default: the chart's
 * @property {number} [decimals]
 *
 * @typedef {Object} SeriesStyle every part optional, each overrides the chart's option of the same name
 * @property {"line"|"bars"|"points"} draw
 * @property {"linear"|"smooth"|"stepBefore"|"stepAfter"} interpolation
 * @property {number} lineWidth CSS pixels, 0: no line
 * @property {number[]} dash CSS pixels, [] or null: solid
 * @property {number} fill 0 … 100, percent of opacity
 * @property {"none"|"opacity"} gradient
 * @property {boolean|"auto"|"always"|"never"} points
 * @property {number} pointSize diameter in CSS pixels
 * @property {boolean|string} stack false: this one is not stacked; a string: its stack group
 * @property {boolean} negativeY drawn below zero (values are shown unchanged)
 * @property {boolean} inLegend @property {boolean} inTooltip default true
 *
 * @typedef {Object} Options every part optional
 * @property {string} unit Grafana's unit id (format/units.js); default "short"
 * @property {number} decimals default: by size
 * @property {number} min @property {number} max fixed ends of the left axis
 * @property {number} softMin @property {number} softMax the axis reaches at least this far
 * @property {{min?: number, max?: number, softMin?: number, softMax?: number, logScale?: boolean|number}} right
 *   the same for the right axis
 * @property {boolean|2|10} logScale true is 10
 * @property {string} axisLabel written along the left axis
 * @property {"line"|"bars"|"points"} draw Grafana's drawStyle; `bars: true` is short for draw: "bars"
 * @property {boolean} bars
 * @property {-1|0|1} barAlign a bar lies before, around or after its time; default 0
 * @property {boolean} barZoom a click on a bar zooms to its time
 * @property {number} barWidth share of the room between two points; default 0.8
 * @property {"linear"|"smooth"|"stepBefore"|"stepAfter"} interpolation
 * @property {number} lineWidth default 1.5
 * @property {number[]} dash
 * @property {number} fill 0 … 100
 * @property {"none"|"opacity"} gradient
 * @property {boolean|"auto"|"always"|"never"} points auto: where there are few, and lonely ones always
 * @property {number} pointSize default 5
 * @property {boolean|"none"|"normal"|"percent"} stack
 * @property {number} nullGap seconds: neighbours further apart are not joined (NaN or simply absent between
 *   them is the same); default 1.5 × the usual step; Infinity joins everything
 * @property {{value: number|null, colour: string}[]} thresholds null or -Infinity: the base colour
 * @property {"absolute"|"percentage"} thresholdMode percentage: of min … max
 * @property {"off"|"line"|"dashed"|"area"|"line+area"|"dashed+area"} thresholdStyle default off
 * @property {Object[]} mappings Grafana's value mappings as they are in the JSON (legend and tooltip)
 * @property {"list"|"table"|"hidden"} legend default list
 * @property {"bottom"|"right"} legendPlacement right becomes bottom where the chart is narrow
 * @property {string[]} calcs of the legend: lastNotNull, last, first, mean, min, max, sum, count, range, …
 * @property {{by: string, descending: boolean}} legendSort by: "name", a calc's id or its shown title
 * @property {"multi"|"single"|"none"} tooltip default multi
 * @property {"none"|"asc"|"desc"} tooltipSort default none
 * @property {number} height CSS pixels; default: all of root's height
 * @property {string} label what is shown, for screen readers: "Requests per second by route"
 * @property {string} noValue shown instead of an empty chart
 * @property {number} maxSeries default 50; above it a line offers to show all
 * @property {string} syncKey charts with the same key share their cursor
 * @property {(from: number, to: number) => void} onZoom unix seconds; dragging, double-click (twice as wide), + and -
 * @property {(exemplar: Exemplar, event: Event, anchor: Element) => void} onExemplar click or Enter; `anchor` is an
 *   element lying at the diamond, for a menu
 * @property {(series: Series, event: Event, at: {time: number, value: number, anchor: Element}) => void} onSeries
 *   click or Enter on a line; without it such a click does nothing
 *
 * @typedef {Object} Exemplar
 * @property {number} time @property {number} value
 * @property {string|null} traceId
 * @property {Object<string, string>} attributes @property {Object<string, string>} [labels] its series
 *
 * @typedef {Object} Annotation
 * @property {number} time unix seconds @property {number} [timeEnd] makes it a region
 * @property {string} text @property {string} [title] @property {string[]} [tags] @property {string} [colour]
 *
 * @typedef {Object} Data
 * @property {Series[]} series @property {Exemplar[]} [exemplars] @property {Annotation[]} [annotations]
 * @property {{from: number, to: number}} [range] unix seconds; default: the data's own
 * @property {number} [step] seconds between points, where the data cannot tell (a single bar)
 */

import { namedColour, seriesColour } from "../colours.js";
import { clock, dateTime } from "../format/time.js";
import { h, uniqueId } from "../ui/dom.js";
import { hideTooltip, showTooltip, tooltipContent } from "./chart_tooltip.js";
import { legible } from "./contrast.js";
import { drawDots, drawSeries } from "./draw_series.js";
import { drawFrame, frameOf } from "./frame.js";
import { Legend } from "./legend.js";
import {
  annotationsAt, drawAnnotations, drawChosen, drawExemplars, drawThresholds, exemplarAt, placeExemplars,
} from "./marks.js";
import { isValue } from "./points.js";
import { neighbourTime, prepare, snapped, valuesAt } from "./series_model.js";
import { joinCursor } from "./shared_cursor.js";
import { crisp, palette, Surface } from "./surface.js";
import { TimePointer } from "./time_pointer.js";
import { displayed } from "./values.js";
import { valuesTable } from "./values_table.js";

const MOST_SERIES = 50;
/** Rows of a tooltip: more would not fit a window. */
const MOST_ROWS = 16;
/** How near the pointer must be to a line to mean it, CSS pixels. */
const NEAR = 14;
const KEYS = "Arrow keys read the values, up and down choose a series, E goes to the next exemplar, Enter opens it, "
  + "plus and minus zoom, T shows all values as a table.";

/**
 * @param {HTMLElement} root has a size of its own; the chart fills it (or is `options.height` high)
 * @param {Options} options
 * @returns {{update: (data: Data) => void, setOptions: (changes: Options) => void, destroy: () => void}}
 */
export function timeSeries(root, options = {}) {
  const chart = new TimeSeries(root, options);
  return {
    update: (data) => chart.update(data),
    setOptions: (changes) => chart.setOptions(changes),
    destroy: () => chart.destroy(),
  };
}

class TimeSeries {
  #options;
  #data = { series: [] };
  #model = { lines: [], step: NaN, gap: Infinity, range: { from: 0, to: 1 } };
  #frame = null;
  #placed = [];
  #colours = null;
  #hidden = new Set();
  #highlight = null;
  #showAll = false;
  #cursor = { time: null, x: NaN, y: NaN, own: false, key: null, exemplar: null };
  #selection = [NaN, NaN];
  #root;
  #parts;
  #surface;
  #pointer;
  #legend;
  #group;
  #table = null;

  constructor(root, options) {
    this.#root = root;
    this.#options = options;
    this.#parts = this.#build();
    root.append(this.#parts.chart);
    this.#legend = new Legend(this.#parts.legend, {
      toggle: (key, one) => this.#toggle(key, one),
      hover: (key) => this.#emphasise(key),
      all: () => this.#revealAll(),
    });
    this.#surface = new Surface(this.#parts.plot, {
      draw: (context) => this.#draw(context),
      overlay: (context) => this.#drawCursor(context),
      themed: () => this.#updateLegend(),
    });
    this.#pointer = new TimePointer(this.#parts.plot, {
      move: (x, y, event) => this.#point(x, y, event),
      leave: () => this.#clearCursor(),
      click: (x, y, event) => this.#click(x, y, event),
      zoom: (start, end) => this.#zoomPixels(start, end),
      widen: () => this.#zoomBy(2),
      select: (start, end) => this.#select(start, end),
    });
    this.#joinGroup();
    this.#applyOptions();
  }

  update(data) {
    this.#data = { ...data, series: data.series ?? [] };
    this.#prepare();
  }

  setOptions(changes) {
    const key = this.#options.syncKey;
    this.#options = { ...this.#options, ...changes };
    if (this.#options.syncKey !== key) this.#joinGroup();
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
    const help = uniqueId("chart-help");
    const plot = h("div", {
      class: "chart-plot", tabindex: "0", role: "application", "aria-roledescription": "chart", "aria-describedby": help,
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#clearCursor(),
    });
    const anchor = h("span", { class: "chart-anchor" });
    const message = h("div", { class: "chart-message", hidden: true });
    plot.append(anchor, message);
    const legend = h("div", { class: "chart-legend" });
    const live = h("div", { class: "visually-hidden", "aria-live": "polite" });
    const toTable = h("button", { type: "button", class: "chart-to-table", onclick: () => this.#toggleTable() }, "Values as a table");
    const chart = h("div", { class: "chart" },
      h("div", { class: "chart-body" }, plot, legend),
      h("p", { class: "visually-hidden", id: help }, KEYS), live, toTable);
    return { chart, plot, legend, live, anchor, message, toTable };
  }

  #applyOptions() {
    const { height, legendPlacement, legend, label } = this.#options;
    const { chart, plot, legend: legendRoot } = this.#parts;
    chart.style.height = height ? `${height}px` : "100%";
    chart.classList.toggle("is-beside", legendPlacement === "right");
    chart.classList.toggle("has-table", legend === "table");
    legendRoot.hidden = legend === "hidden";
    plot.setAttribute("aria-label", label ?? "Values over time");
    plot.classList.toggle("is-zoomable", Boolean(this.#options.onZoom));
  }

  #joinGroup() {
    this.#group?.leave();
    this.#group = joinCursor(this.#options.syncKey, (time) => this.#follow(time));
  }

  /** Series are told apart by name and place: two may have the same name. */
  #keyOf(series, index) {
    return `${series.name}\n${this.#data.series.findIndex((one) => one.name === series.name) === index ? "" : index}`;
  }

  get #limit() {
    return this.#showAll ? Infinity : this.#options.maxSeries ?? MOST_SERIES;
  }

  #prepare() {
    const drawn = { ...this.#data, series: this.#data.series.slice(0, this.#limit) };
    const keys = drawn.series.map((series, index) => this.#keyOf(series, index));
    this.#model = prepare(drawn, this.#options, (series, index) => !this.#hidden.has(keys[index]));
    if (this.#data.step) this.#model.step = this.#data.step;
    this.#model.keys = keys;
    this.#frame = null;
    this.#updateLegend();
    const empty = !this.#data.series.some(({ values }) => Array.prototype.some.call(values, isValue));
    this.#parts.message.hidden = !empty;
    this.#parts.message.textContent = empty ? this.#options.noValue ?? "No data in this time range." : "";
    this.#parts.chart.classList.toggle("is-empty", empty);
    this.#surface.invalidate();
    if (this.#table) this.#table.update(this.#model.lines);
  }

  #colourOf = (line) => (line.series.colour ? this.#readable(line.series.colour) : seriesColour(line.index));

  #readable = (colour) => {
    this.#colours ??= palette(this.#parts.plot);
    return legible(namedColour(colour), this.#colours.background, 2.4);
  };

  #updateLegend() {
    this.#colours = null;
    if (this.#options.legend === "hidden") return;
    const shown = new Map(this.#model.lines.map((line) => [line.index, line]));
    const entries = this.#data.series.slice(0, this.#limit).map((series, index) => ({
      key: this.#model.keys[index], name: series.name, series, index,
      colour: this.#colourOf({ series, index }),
      shown: shown.has(index),
      dash: Boolean((series.style?.dash ?? this.#options.dash)?.length),
      unit: series.unit ?? this.#options.unit, decimals: series.decimals ?? this.#options.decimals,
    })).filter(({ series }) => series.style?.inLegend !== false);
    this.#legend.update(entries, this.#options, Math.max(0, this.#data.series.length - this.#limit));
  }

  // Drawing

  #layOut(context) {
    this.#colours = palette(this.#parts.plot);
    context.font = this.#colours.font;
    const { from, to } = this.#model.range;
    const exemplars = (this.#data.exemplars ?? []).filter(({ time }) => time >= from && time <= to);
    this.#frame = frameOf(this.#model, this.#options, this.#surface, (text) => context.measureText(text).width, exemplars);
    this.#placed = placeExemplars(exemplars, this.#frame);
  }

  #draw(context) {
    this.#layOut(context);
    const frame = this.#frame;
    const { ratio } = this.#surface;
    const annotationColour = (colour) => (colour ? this.#readable(colour) : this.#colours.accent);
    drawFrame(context, frame, this.#colours, ratio, this.#options.axisLabel);
    drawThresholds(context, frame, this.#options, this.#readable, ratio, "behind");
    drawSeries(context, this.#model.lines, frame, this.#model, {
      colourOf: this.#colourOf, ratio, options: this.#options,
      faint: this.#highlight === null ? undefined : (line) => this.#model.keys[line.index] !== this.#highlight,
    });
    drawThresholds(context, frame, this.#options, this.#readable, ratio, "before");
    drawAnnotations(context, frame, this.#data.annotations ?? [], annotationColour, ratio);
    drawExemplars(context, this.#placed, this.#colours);
  }

  #drawCursor(context) {
    const frame = this.#frame;
    if (!frame) return;
    const [start, end] = this.#selection;
    if (start < end) {
      context.fillStyle = this.#colours.selection;
      context.globalAlpha = 0.5;
      context.fillRect(start, frame.top, end - start, frame.bottom - frame.top);
      context.globalAlpha = 1;
    }
    const { time, exemplar } = this.#cursor;
    const at = time + this.#lead;
    if (time !== null && at >= frame.range.from && at <= frame.range.to) {
      const x = crisp(frame.x(at), this.#surface.ratio);
      context.strokeStyle = this.#colours.faint;
      context.lineWidth = 1 / this.#surface.ratio;
      context.beginPath();
      context.moveTo(x, frame.top);
      context.lineTo(x, frame.bottom);
      context.stroke();
      drawDots(context, this.#dots(time), this.#colours.background);
    }
    const chosen = exemplar && this.#placed.find((one) => one.exemplar === exemplar);
    if (chosen) drawChosen(context, chosen, this.#colours);
  }

  #within() {
    const { step } = this.#model;
    const pixels = this.#frame ? this.#frame.timeAt(6) - this.#frame.timeAt(0) : 0;
    return Math.max(Number.isFinite(step) ? step * 0.6 : 0, pixels);
  }

  #dots(time) {
    const near = this.#nearLine();
    return valuesAt(this.#model.lines, time, this.#within()).filter(({ line }) => line.style.draw !== "bars").map((at) => ({
      x: this.#frame.x(at.time), y: this.#frame.axes.get(at.line.axis).scale.to(at.height),
      colour: this.#colourOf(at.line), strong: at.line === near?.line,
    }));
  }

  /** The value nearest to the pointer, or that of the series chosen by keyboard; null if none is meant. */
  #nearLine(reach = Infinity) {
    const { time, y, key } = this.#cursor;
    if (time === null || !this.#frame) return null;
    const values = valuesAt(this.#model.lines, time, this.#within());
    if (key !== null) return values.find(({ line }) => this.#model.keys[line.index] === key) ?? null;
    let best = null;
    let least = reach;
    for (const at of values) {
      const { scale } = this.#frame.axes.get(at.line.axis);
      const height = scale.to(at.height);
      const foot = at.line.bottoms || at.line.style.draw === "bars" ? this.#footOf(at, scale) : height;
      const inside = y >= Math.min(height, foot) && y <= Math.max(height, foot);
      const distance = inside && height !== foot ? 0 : Math.abs(height - y);
      if (distance < least) [best, least] = [at, distance];
    }
    return best;
  }

  #footOf({ line, time }, scale) {
    if (!line.bottoms) return scale.to(Math.max(0, scale.low));
    const place = Array.prototype.indexOf.call(line.times, time);
    return scale.to(line.bottoms[place]);
  }

  // Cursor and tooltip

  #point(x, y, event) {
    const frame = this.#frame;
    if (!frame) return;
    const inside = x >= frame.left - 6 && x <= frame.right + 6 && y >= 0 && y <= frame.bottom + 8;
    if (!inside) return this.#clearCursor();
    const time = snapped(this.#model.lines, frame.timeAt(x) - this.#lead) ?? frame.timeAt(x);
    const exemplar = exemplarAt(this.#placed, x, y)?.exemplar ?? null;
    this.#cursor = { time, x, y, own: true, key: null, exemplar };
    this.#parts.plot.classList.toggle("is-link", Boolean(exemplar && this.#options.onExemplar));
    this.#surface.invalidateOverlay();
    this.#group.move(time);
    this.#showTooltip(event.clientX, event.clientY);
  }

  #clearCursor() {
    if (this.#cursor.time === null && !this.#cursor.exemplar) return;
    this.#cursor = { time: null, x: NaN, y: NaN, own: false, key: null, exemplar: null };
    this.#parts.plot.classList.remove("is-link");
    hideTooltip(this);
    this.#group.move(null);
    this.#surface.invalidateOverlay();
  }

  /** Another chart of the group points at a time. */
  #follow(time) {
    this.#cursor = { time, x: NaN, y: NaN, own: false, key: null, exemplar: null };
    hideTooltip(this);
    this.#surface.invalidateOverlay();
  }

  #showTooltip(clientX, clientY) {
    const { exemplar, time, x } = this.#cursor;
    if (exemplar) return showTooltip(this, this.#exemplarContent(exemplar), clientX, clientY);
    if ((this.#options.tooltip ?? "multi") === "none") return hideTooltip(this);
    const notes = annotationsAt(this.#data.annotations ?? [], this.#frame, x).map(annotationText);
    const rows = this.#rows();
    if (!rows.length && !notes.length) return hideTooltip(this);
    showTooltip(this, tooltipContent(this.#when(time), ...this.#fitting(rows, notes)), clientX, clientY);
  }

  /** A bar counts a span of time, a point is a moment. */
  #when(time) {
    if (!this.#options.barZoom || !Number.isFinite(this.#model.step)) return dateTime(time);
    const { from, to } = this.#barSpan(time);
    return `${dateTime(from)} to ${clock(to)}`;
  }

  #fitting(rows, notes) {
    const left = rows.length - MOST_ROWS;
    const shown = left > 0 ? rows.filter((row, i) => i < MOST_ROWS || row.strong) : rows;
    const text = [left > 0 ? `and ${left} more` : null, ...notes].filter(Boolean).join("\n");
    return [shown, text];
  }

  /** What the tooltip and the screen reader say of the time under the cursor. */
  #rows() {
    const near = this.#nearLine();
    const single = this.#options.tooltip === "single";
    const values = valuesAt(this.#model.lines, this.#cursor.time, this.#within())
      .filter(({ line }) => line.style.inTooltip && (!single || line === near?.line));
    const order = { asc: 1, desc: -1 }[this.#options.tooltipSort];
    if (order) values.sort((a, b) => order * (a.value - b.value));
    // Stacks read from the top as they are drawn.
    else if (values.length && values.every(({ line }) => line.bottoms)) values.reverse();
    return values.map(({ line, value }) => ({
      name: line.series.name, value: this.#write(value, line), colour: this.#colourOf(line),
      strong: values.length > 1 && line === near?.line,
    }));
  }

  #write(value, { unit, decimals }) {
    return displayed(value, { unit, decimals, mappings: this.#options.mappings }).text;
  }

  #exemplarContent(exemplar) {
    const value = displayed(exemplar.value, this.#options).text;
    const attributes = Object.entries({ ...exemplar.labels, ...exemplar.attributes })
      .filter(([name]) => !["trace_id", "traceID", "span_id", "spanID", "__name__", "le"].includes(name)).slice(0, 12);
    const rows = [{ name: "Value", value }, ...(exemplar.traceId ? [{ name: "Trace", value: exemplar.traceId }] : []),
      ...attributes.map(([name, text]) => ({ name, value: String(text) }))];
    const note = this.#options.onExemplar ? "Click to follow it." : undefined;
    return tooltipContent(`Exemplar, ${dateTime(exemplar.time, { milliseconds: true })}`, rows, note);
  }

  // Clicks and zoom

  #click(x, y, event) {
    this.#parts.plot.focus({ preventScroll: true });
    this.#point(x, y, event);
    const placed = exemplarAt(this.#placed, x, y);
    if (placed && this.#options.onExemplar) return this.#openExemplar(placed, event);
    const near = this.#nearLine(NEAR);
    if (near && this.#options.onSeries) return this.#openSeries(near, event);
    if (this.#options.barZoom) this.#zoomToBar();
  }

  /** From where to where the bar of a time counts, unix seconds. */
  #barSpan(time) {
    const { step } = this.#model;
    const middle = time + this.#lead;
    return { from: middle - step / 2, to: middle + step / 2 };
  }

  /** How far the middle of a bar lies from its time, seconds; 0 for lines. */
  get #lead() {
    const { bars, draw, barAlign = 0 } = this.#options;
    return (bars || draw === "bars") && Number.isFinite(this.#model.step) ? (barAlign * this.#model.step) / 2 : 0;
  }

  #zoomToBar() {
    const { time } = this.#cursor;
    if (time === null || !Number.isFinite(this.#model.step)) return;
    if (!valuesAt(this.#model.lines, time, this.#within()).length) return;
    const { from, to } = this.#barSpan(time);
    this.#options.onZoom?.(from, to);
  }

  #openExemplar({ exemplar, x, y }, event) {
    hideTooltip(this);
    this.#options.onExemplar(exemplar, event, this.#anchorAt(x, y));
  }

  #openSeries({ line, value, time, height }, event) {
    hideTooltip(this);
    const y = this.#frame.axes.get(line.axis).scale.to(height);
    this.#options.onSeries(line.series, event, { time, value, anchor: this.#anchorAt(this.#frame.x(time), y) });
  }

  #anchorAt(x, y) {
    this.#parts.anchor.style.transform = `translate(${x}px, ${y}px)`;
    return this.#parts.anchor;
  }

  #select(start, end) {
    const { left, right } = this.#frame ?? { left: 0, right: 0 };
    this.#selection = [Math.max(left, start), Math.min(right, end)];
    this.#surface.invalidateOverlay();
  }

  #zoomPixels(start, end) {
    const { left, right } = this.#frame;
    const from = this.#frame.timeAt(Math.max(left, start));
    const to = this.#frame.timeAt(Math.min(right, end));
    if (to > from) this.#options.onZoom?.(from, to);
  }

  #zoomBy(factor) {
    const { from, to } = this.#model.range;
    const middle = this.#cursor.own && factor < 1 ? this.#cursor.time ?? (from + to) / 2 : (from + to) / 2;
    const half = ((to - from) * factor) / 2;
    this.#options.onZoom?.(middle - half, middle + half);
  }

  // Legend

  #toggle(key, one) {
    const keys = this.#model.keys;
    if (!one) {
      if (!this.#hidden.delete(key)) this.#hidden.add(key);
    } else {
      const alone = keys.every((other) => (other === key) !== this.#hidden.has(other));
      this.#hidden = new Set(alone ? [] : keys.filter((other) => other !== key));
    }
    this.#highlight = null;
    this.#prepare();
  }

  #emphasise(key) {
    const drawn = this.#model.lines.some((line) => this.#model.keys[line.index] === key);
    this.#highlight = drawn && this.#model.lines.length > 1 ? key : null;
    this.#surface.invalidate();
  }

  #revealAll() {
    this.#showAll = true;
    this.#prepare();
  }

  // Keyboard

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = {
      ArrowRight: () => this.#step(1, event.shiftKey ? 10 : 1), ArrowLeft: () => this.#step(-1, event.shiftKey ? 10 : 1),
      ArrowDown: () => this.#choose(1), ArrowUp: () => this.#choose(-1),
      Home: () => this.#moveTo(neighbourTime(this.#model.lines, this.#model.range.from - 1e-6, 1)),
      End: () => this.#moveTo(neighbourTime(this.#model.lines, this.#model.range.to + 1e-6, -1)),
      e: () => this.#nextExemplar(1), E: () => this.#nextExemplar(-1),
      Enter: () => this.#enter(event),
      Escape: () => (this.#cursor.time === null ? false : this.#clearCursor()),
      "+": () => this.#zoomBy(0.5), "=": () => this.#zoomBy(0.5), "-": () => this.#zoomBy(2),
      t: () => this.#toggleTable(),
    }[event.key];
    if (!action || action() === false) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #step(direction, count) {
    const { from, to } = this.#model.range;
    let time = this.#cursor.time ?? (direction > 0 ? from - 1e-6 : to + 1e-6);
    for (let i = 0; i < count; i += 1) {
      const next = neighbourTime(this.#model.lines, time, direction);
      if (next === null || next < from || next > to) break;
      time = next;
    }
    this.#moveTo(time);
  }

  #moveTo(time) {
    const { from, to } = this.#model.range;
    if (time === null || !this.#frame || time < from || time > to) return this.#say("There are no values.");
    this.#cursor = { ...this.#cursor, time, x: this.#frame.x(time), y: this.#frame.top, own: true, exemplar: null };
    this.#afterKey();
    const rows = this.#rows();
    const chosen = this.#cursor.key === null ? rows.slice(0, 6) : rows.filter(({ name }) => name === this.#nearLine()?.line.series.name);
    const more = rows.length - chosen.length;
    const values = chosen.map(({ name, value }) => `${name} ${value}`).join(", ") || "no value";
    this.#say(`${clock(time)}: ${values}${this.#cursor.key === null && more > 0 ? ` and ${more} more` : ""}`);
  }

  #choose(direction) {
    const lines = this.#model.lines;
    if (!lines.length) return;
    const keys = lines.map((line) => this.#model.keys[line.index]);
    const place = keys.indexOf(this.#cursor.key);
    const next = place < 0 ? (direction > 0 ? 0 : keys.length - 1) : (place + direction + keys.length) % keys.length;
    this.#cursor.key = keys[next];
    this.#moveTo(this.#cursor.time ?? neighbourTime(lines, this.#model.range.to + 1e-6, -1));
  }

  #nextExemplar(direction) {
    if (!this.#placed.length) return this.#say("There are no exemplars.");
    const place = this.#placed.findIndex(({ exemplar }) => exemplar === this.#cursor.exemplar);
    const count = this.#placed.length;
    const next = this.#placed[place < 0 ? (direction > 0 ? 0 : count - 1) : (place + direction + count) % count];
    const { exemplar, x, y } = next;
    this.#cursor = { ...this.#cursor, time: exemplar.time, x, y, own: true, exemplar };
    this.#afterKey();
    const value = displayed(exemplar.value, this.#options).text;
    const trace = exemplar.traceId ? `, trace ${exemplar.traceId}` : "";
    this.#say(`Exemplar ${this.#placed.indexOf(next) + 1} of ${count}: ${value} at ${clock(exemplar.time)}${trace}`);
  }

  #enter(event) {
    const placed = this.#placed.find(({ exemplar }) => exemplar === this.#cursor.exemplar);
    if (placed && this.#options.onExemplar) return this.#openExemplar(placed, event);
    const near = this.#cursor.key === null && this.#model.lines.length > 1 ? null : this.#nearLine();
    if (near && this.#options.onSeries) return this.#openSeries(near, event);
    return false;
  }

  #afterKey() {
    const box = this.#parts.plot.getBoundingClientRect();
    this.#surface.invalidateOverlay();
    this.#group.move(this.#cursor.time);
    this.#showTooltip(box.left + this.#cursor.x, box.top + this.#cursor.y);
  }

  #say(text) {
    this.#parts.live.textContent = text;
  }

  #toggleTable() {
    const { chart, toTable, plot } = this.#parts;
    if (this.#table) {
      this.#table.root.remove();
      this.#table = null;
      plot.focus();
    } else {
      this.#table = valuesTable({ label: this.#options.label, write: (value, line) => this.#write(value, line), close: () => this.#toggleTable() });
      chart.append(this.#table.root);
      this.#table.update(this.#model.lines);
      this.#table.root.focus();
    }
    toTable.hidden = Boolean(this.#table);
  }
}

function annotationText({ title, text, tags, time, timeEnd }) {
  const when = timeEnd > time ? `${clock(time)} to ${clock(timeEnd)}` : clock(time);
  return [when, title, text, tags?.length ? `(${tags.join(", ")})` : null].filter(Boolean).join(" ");
}
