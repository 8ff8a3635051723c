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
import { h } from "../ui/dom.js";
import { exemplarContent, hideTooltip, showTooltip, tooltipContent } from "./chart_tooltip.js";
import { legible } from "./contrast.js";
import { drawDots, drawSeries } from "./draw_series.js";
import { drawFrame, frameOf } from "./frame.js";
import { Legend } from "./legend.js";
import {
  annotationsAt,
  annotationText,
  drawAnnotations,
  drawChosen,
  drawExemplars,
  drawThresholds,
  exemplarAt,
  exemplarText,
  nextPlaced,
  placeExemplars,
  placeOf,
} from "./marks.js";
import { isValue } from "./points.js";
import { nearestTo, neighbourTime, prepare, snapped, valuesAt } from "./series_model.js";
import { TimeChart } from "./time_chart.js";
import { displayed } from "./values.js";
import { valuesTable } from "./values_table.js";

const MOST_SERIES = 50;
/** Rows of a tooltip: more would not fit a window. */
const MOST_ROWS = 16;
/** How near the pointer must be to a line to mean it, CSS pixels. */
const NEAR = 14;
const WORDS = {
  kind: "chart",
  label: "Values over time",
  help: "Arrow keys read the values, up and down choose a series, E goes to the next exemplar, Enter opens it, " +
    "plus and minus zoom, T shows all values as a table.",
};
const NO_CURSOR = { time: null, x: NaN, y: NaN, own: false, key: null, exemplar: null };

/**
 * @param {HTMLElement} root has a size of its own; the chart fills it (or is `options.height` high)
 * @param {Options} options
 * @returns {{update: (data: Data) => void, setOptions: (changes: Options) => void, destroy: () => void}}
 */
export function timeSeries(root, options = {}) {
  return new TimeSeries(root, options).handle;
}

class TimeSeries extends TimeChart {
  #model = { lines: [], keys: [], step: NaN, gap: Infinity, range: { from: 0, to: 1 } };
  #placed = [];
  #hidden = new Set();
  #highlight = null;
  #showAll = false;
  #cursor = NO_CURSOR;
  #names;
  #table = null;
  #toTable;

  constructor(root, options) {
    super(root, options, WORDS);
    this.#names = new Legend(this.legend, {
      toggle: (key, one) => this.#toggle(key, one),
      hover: (key) => this.#emphasise(key),
      all: () => {
        this.#showAll = true;
        this.prepare();
      },
    });
    this.#toTable = h(
      "button",
      { type: "button", class: "chart-to-table", onclick: () => this.#toggleTable() },
      "Values as a table",
    );
    this.element.append(this.#toTable);
  }

  get range() {
    return this.#model.range;
  }

  update(data) {
    super.update({ ...data, series: data.series ?? [] });
  }

  applyOptions() {
    const { legendPlacement, legend } = this.options;
    this.element.classList.toggle("is-beside", legendPlacement === "right");
    this.element.classList.toggle("has-table", legend === "table");
    this.legend.hidden = legend === "hidden";
  }

  prepare() {
    const series = this.data.series?.slice(0, this.#limit) ?? [];
    const keys = keysOf(series);
    this.#model = {
      ...prepare({ ...this.data, series }, this.options, (_, index) => !this.#hidden.has(keys[index])),
      keys,
    };
    if (this.data.step) this.#model.step = this.data.step;
    this.frame = null;
    this.#updateLegend();
    this.showEmpty(!series.some(({ values }) => Array.prototype.some.call(values, isValue)));
    this.surface.invalidateData();
    this.#table?.update(this.#model.lines);
  }

  themed() {
    this.#updateLegend();
  }

  get #limit() {
    return this.#showAll ? Infinity : this.options.maxSeries ?? MOST_SERIES;
  }

  #colourOf = ({ series, index }) => (series.colour ? this.#readable(series.colour) : seriesColour(index));

  #readable = (colour) => legible(namedColour(colour), this.colours.background, 2.4);

  #keyOf(line) {
    return this.#model.keys[line.index];
  }

  #updateLegend() {
    if (this.options.legend === "hidden") return;
    const shown = new Set(this.#model.lines.map((line) => line.index));
    const series = this.data.series ?? [];
    const entries = series.slice(0, this.#limit).map((one, index) => ({
      key: this.#model.keys[index],
      name: one.name,
      series: one,
      colour: this.#colourOf({ series: one, index }),
      shown: shown.has(index),
      dash: Boolean((one.style?.dash ?? this.options.dash)?.length),
      unit: one.unit ?? this.options.unit,
      decimals: one.decimals ?? this.options.decimals,
    }));
    const named = entries.filter((entry) => entry.series.style?.inLegend !== false);
    this.#names.update(named, this.options, Math.max(0, series.length - this.#limit));
  }

  // Drawing

  draw(context, size) {
    const { from, to } = this.range;
    const exemplars = (this.data.exemplars ?? []).filter(({ time }) => time >= from && time <= to);
    const measure = (text) => context.measureText(text).width;
    const frame = frameOf(this.#model, this.options, size, measure, exemplars);
    this.frame = frame;
    this.#placed = placeExemplars(exemplars, frame);
    const { ratio } = size;
    const annotationColour = (colour) => (colour ? this.#readable(colour) : this.colours.accent);
    drawFrame(context, frame, this.colours, ratio, this.options.axisLabel);
    drawThresholds(context, frame, this.options, this.#readable, ratio, "behind");
    drawSeries(context, this.#model.lines, frame, this.#model, {
      colourOf: this.#colourOf,
      ratio,
      options: this.options,
      faint: this.#highlight === null ? undefined : (line) => this.#keyOf(line) !== this.#highlight,
    });
    drawThresholds(context, frame, this.options, this.#readable, ratio, "before");
    drawAnnotations(context, frame, this.data.annotations ?? [], annotationColour, ratio);
    drawExemplars(context, this.#placed, this.colours);
  }

  drawCursor(context) {
    const { time, exemplar } = this.#cursor;
    if (time !== null) {
      this.drawCrosshair(context, time + this.#lead);
      drawDots(context, this.#dots(time), this.colours.background);
    }
    const chosen = placeOf(this.#placed, exemplar);
    if (chosen) drawChosen(context, chosen, this.colours);
  }

  #dots(time) {
    const near = this.#nearLine();
    const values = this.#valuesAt(time).filter(({ line, time: at }) =>
      line.style.draw !== "bars" && at >= this.range.from && at <= this.range.to
    );
    return values.map(({ line, time: at, height }) => ({
      x: this.frame.x(at),
      y: this.frame.axes.get(line.axis).scale.to(height),
      colour: this.#colourOf(line),
      strong: line === near?.line,
    }));
  }

  // What is under the cursor

  #valuesAt(time) {
    const { step } = this.#model;
    const pixels = this.frame.timeAt(6) - this.frame.timeAt(0);
    return valuesAt(this.#model.lines, time, Math.max(Number.isFinite(step) ? step * 0.6 : 0, pixels));
  }

  /** The value nearest to the pointer, or that of the series chosen by keyboard; null if none is meant. */
  #nearLine(reach = Infinity) {
    const { time, y, key } = this.#cursor;
    if (time === null || !this.frame) return null;
    const values = this.#valuesAt(time);
    if (key !== null) return values.find(({ line }) => this.#keyOf(line) === key) ?? null;
    return nearestTo(values, y, (line) => this.frame.axes.get(line.axis).scale, reach);
  }

  /** What the tooltip and the screen reader say of the time under the cursor. */
  #rows() {
    const near = this.#nearLine();
    const single = this.options.tooltip === "single";
    const values = this.#valuesAt(this.#cursor.time)
      .filter(({ line }) => line.style.inTooltip && (!single || line === near?.line));
    const order = { asc: 1, desc: -1 }[this.options.tooltipSort];
    if (order) values.sort((a, b) => order * (a.value - b.value));
    // Stacks read from the top as they are drawn.
    else if (values.length && values.every(({ line }) => line.bottoms)) values.reverse();
    return values.map(({ line, value }) => ({
      name: line.series.name,
      value: this.#write(value, line),
      colour: this.#colourOf(line),
      key: this.#keyOf(line),
      strong: values.length > 1 && line === near?.line,
    }));
  }

  #write(value, { unit, decimals }) {
    return displayed(value, { unit, decimals, mappings: this.options.mappings }).text;
  }

  #tooltip() {
    const { exemplar, time, x } = this.#cursor;
    if (exemplar) {
      return exemplarContent(exemplar, displayed(exemplar.value, this.options).text, Boolean(this.options.onExemplar));
    }
    if (this.options.tooltip === "none") return null;
    const notes = annotationsAt(this.data.annotations ?? [], this.frame, x).map(annotationText);
    const rows = this.#rows();
    if (!rows.length && !notes.length) return null;
    const left = rows.length - MOST_ROWS;
    const shown = left > 0 ? rows.filter((row, i) => i < MOST_ROWS || row.strong) : rows;
    return tooltipContent(this.#when(time), shown, [...(left > 0 ? [`and ${left} more`] : []), ...notes].join("\n"));
  }

  /** A bar counts a span of time, a point is a moment. */
  #when(time) {
    if (!this.options.barZoom || !Number.isFinite(this.#model.step)) return dateTime(time);
    const { from, to } = this.#barSpan(time);
    return `${dateTime(from)} to ${clock(to)}`;
  }

  /** From where to where the bar of a time counts, unix seconds. */
  #barSpan(time) {
    const half = this.#model.step / 2;
    return { from: time + this.#lead - half, to: time + this.#lead + half };
  }

  /** How far the middle of a bar lies from its time, seconds; 0 for lines. */
  get #lead() {
    const { bars, draw, barAlign = 0 } = this.options;
    return (bars || draw === "bars") && Number.isFinite(this.#model.step) ? (barAlign * this.#model.step) / 2 : 0;
  }

  // Pointer

  point(x, y, { clientX, clientY }) {
    const { left, right, bottom } = this.frame;
    if (x < left - 6 || x > right + 6 || y < 0 || y > bottom + 8) return this.clearCursor();
    const under = this.frame.timeAt(x);
    const time = snapped(this.#model.lines, under - this.#lead) ?? under;
    const exemplar = exemplarAt(this.#placed, x, y)?.exemplar ?? null;
    this.#cursor = { time, x, y, own: true, key: null, exemplar };
    this.plot.classList.toggle("is-link", Boolean(exemplar && this.options.onExemplar));
    this.surface.invalidateOverlay();
    this.moveGroup(time);
    const content = this.#tooltip();
    if (content) showTooltip(this, content, clientX, clientY);
    else hideTooltip(this);
  }

  clearCursor() {
    if (this.#cursor === NO_CURSOR) return;
    if (this.#cursor.own) this.moveGroup(null);
    this.#cursor = NO_CURSOR;
    this.plot.classList.remove("is-link");
    hideTooltip(this);
    this.surface.invalidateOverlay();
  }

  follow(time) {
    this.#cursor = time === null ? NO_CURSOR : { ...NO_CURSOR, time };
  }

  click(x, y, event) {
    const placed = exemplarAt(this.#placed, x, y);
    if (placed && this.options.onExemplar) return this.#openExemplar(placed, event);
    const near = this.#nearLine(NEAR);
    if (near && this.options.onSeries) return this.#openSeries(near, event);
    const { time } = this.#cursor;
    if (!this.options.barZoom || time === null || !this.#valuesAt(time).length) return;
    const { from, to } = this.#barSpan(time);
    if (to > from) this.options.onZoom?.(from, to);
  }

  #openExemplar({ exemplar, x, y }, event) {
    hideTooltip(this);
    this.options.onExemplar(exemplar, event, this.anchorAt(x, y));
  }

  #openSeries({ line, value, time, height }, event) {
    hideTooltip(this);
    const y = this.frame.axes.get(line.axis).scale.to(height);
    this.options.onSeries(line.series, event, { time, value, anchor: this.anchorAt(this.frame.x(time), y) });
  }

  // Legend

  #toggle(key, one) {
    const { keys } = this.#model;
    if (!one) {
      if (!this.#hidden.delete(key)) this.#hidden.add(key);
    } else {
      const alone = keys.every((other) => (other === key) !== this.#hidden.has(other));
      this.#hidden = new Set(alone ? [] : keys.filter((other) => other !== key));
    }
    this.#highlight = null;
    this.prepare();
  }

  #emphasise(key) {
    const drawn = this.#model.lines.some((line) => this.#keyOf(line) === key);
    const highlight = drawn && this.#model.lines.length > 1 ? key : null;
    if (highlight === this.#highlight) return;
    this.#highlight = highlight;
    this.surface.invalidate();
  }

  // Keyboard

  keys(event) {
    const { lines, range } = this.#model;
    return {
      ArrowRight: () => this.#step(1, event.shiftKey ? 10 : 1),
      ArrowLeft: () => this.#step(-1, event.shiftKey ? 10 : 1),
      ArrowDown: () => this.#choose(1),
      ArrowUp: () => this.#choose(-1),
      Home: () => this.#moveTo(neighbourTime(lines, range.from - 1e-6, 1)),
      End: () => this.#moveTo(neighbourTime(lines, range.to + 1e-6, -1)),
      e: () => this.#nextExemplar(1),
      E: () => this.#nextExemplar(-1),
      Enter: () => this.#enter(event),
      Escape: () => (this.#cursor === NO_CURSOR ? false : this.clearCursor()),
      "+": () => this.zoomBy(0.5, this.#cursor.time ?? undefined),
      "=": () => this.zoomBy(0.5, this.#cursor.time ?? undefined),
      t: () => this.#toggleTable(),
    };
  }

  #step(direction, count) {
    const { from, to } = this.range;
    let time = this.#cursor.time ?? (direction > 0 ? from - 1e-6 : to + 1e-6);
    for (let i = 0; i < count; i += 1) {
      const next = neighbourTime(this.#model.lines, time, direction);
      if (next === null || next < from || next > to) break;
      time = next;
    }
    this.#moveTo(time);
  }

  #moveTo(time) {
    const { from, to } = this.range;
    if (time === null || time < from || time > to) return this.say("There are no values.");
    this.#place({ time, x: this.frame.x(time), y: this.frame.top, exemplar: null });
    const rows = this.#rows();
    const { key } = this.#cursor;
    const read = key === null ? rows.slice(0, 6) : rows.filter((row) => row.key === key);
    const values = read.map(({ name, value }) => `${name} ${value}`).join(", ") || "no value";
    const more = key === null && rows.length > read.length ? ` and ${rows.length - read.length} more` : "";
    this.say(`${clock(time)}: ${values}${more}`);
  }

  #choose(direction) {
    const keys = this.#model.lines.map((line) => this.#keyOf(line));
    if (!keys.length) return;
    const place = keys.indexOf(this.#cursor.key);
    const start = direction > 0 ? -1 : keys.length;
    const next = ((place < 0 ? start : place) + direction + keys.length) % keys.length;
    this.#cursor = { ...this.#cursor, key: keys[next] };
    this.#moveTo(this.#cursor.time ?? neighbourTime(this.#model.lines, this.range.to + 1e-6, -1));
  }

  #nextExemplar(direction) {
    const next = nextPlaced(this.#placed, this.#cursor.exemplar, direction);
    if (!next) return this.say("There are no exemplars.");
    const { exemplar, x, y } = next;
    this.#place({ time: exemplar.time, x, y, exemplar });
    this.say(exemplarText(this.#placed, next, displayed(exemplar.value, this.options).text));
  }

  #place(cursor) {
    this.#cursor = { ...this.#cursor, ...cursor, own: true };
    this.surface.invalidateOverlay();
    this.moveGroup(this.#cursor.time);
    const content = this.#tooltip();
    if (content) this.tooltipAt(content, this.#cursor.x, this.#cursor.y);
  }

  #enter(event) {
    const placed = placeOf(this.#placed, this.#cursor.exemplar);
    if (placed && this.options.onExemplar) return this.#openExemplar(placed, event);
    const meant = this.#cursor.key !== null || this.#model.lines.length === 1;
    const near = meant && this.#nearLine();
    if (near && this.options.onSeries) return this.#openSeries(near, event);
    return false;
  }

  #toggleTable() {
    if (this.#table) {
      this.#table.root.remove();
      this.#table = null;
      this.plot.focus();
    } else {
      const write = (value, line) => this.#write(value, line);
      this.#table = valuesTable({ label: this.options.label, write, close: () => this.#toggleTable() });
      this.element.append(this.#table.root);
      this.#table.update(this.#model.lines);
      this.#table.root.focus();
    }
    this.#toTable.hidden = Boolean(this.#table);
  }
}

/** Series are told apart by name, and by place where two have the same. */
function keysOf(series) {
  const seen = new Map();
  return series.map(({ name }) => {
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before ? `${name}\n${before}` : name;
  });
}
