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
import { h } from "../ui/dom.js";
import { hideTooltip } from "./chart_tooltip.js";
import { legible } from "./contrast.js";
import { drawDots, drawSeries } from "./draw_series.js";
import { drawFrame, frameOf } from "./frame.js";
import { Legend } from "./legend.js";
import {
  drawAnnotations,
  drawChosen,
  drawExemplars,
  drawThresholds,
  exemplarAt,
  placeExemplars,
  placeOf,
} from "./marks.js";
import { isValue } from "./points.js";
import { prepare, snapped } from "./series_model.js";
import { SeriesReading } from "./series_reading.js";
import { TimeChart } from "./time_chart.js";
import { displayed } from "./values.js";
import { valuesTable } from "./values_table.js";

const MOST_SERIES = 50;
/** How near the pointer must be to a line to mean it, CSS pixels. */
const NEAR = 14;
const WORDS = {
  kind: "chart",
  label: "Values over time",
  help: "Arrow keys read the values, up and down choose a series, E goes to the next exemplar, Enter opens it, " +
    "plus and minus zoom, T shows all values as a table.",
};
const AT_REST = { time: null, x: NaN, y: NaN, own: false, key: null, exemplar: null };

/**
 * @param {HTMLElement} root has a size of its own; the chart fills it (or is `options.height` high)
 * @param {Options} options
 * @returns {{update: (data: Data) => void, setOptions: (changes: Options) => void, destroy: () => void}}
 */
export function timeSeries(root, options = {}) {
  return new TimeSeries(root, options).handle;
}

/** Its model and cursor are read by SeriesReading. */
export class TimeSeries extends TimeChart {
  /** What is drawn; see series_model.js. */
  model = { lines: [], keys: [], step: NaN, gap: Infinity, range: { from: 0, to: 1 } };
  #hidden = new Set();
  #highlight = null;
  #showAll = false;
  #names;
  #table = null;
  #toTable;
  #reading = new SeriesReading(this);

  constructor(root, options) {
    super(root, options, WORDS, AT_REST);
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
    return this.model.range;
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
    this.model = {
      ...prepare({ ...this.data, series }, this.options, (_, index) => !this.#hidden.has(keys[index])),
      keys,
    };
    if (this.data.step) this.model.step = this.data.step;
    this.frame = null;
    this.#updateLegend();
    this.showEmpty(!series.some(({ values }) => Array.prototype.some.call(values, isValue)));
    this.surface.invalidateData();
    this.#table?.update(this.model.lines);
  }

  themed() {
    this.#updateLegend();
  }

  get #limit() {
    return this.#showAll ? Infinity : this.options.maxSeries ?? MOST_SERIES;
  }

  colourOf = ({ series, index }) => (series.colour ? this.#readable(series.colour) : seriesColour(index));

  #readable = (colour) => legible(namedColour(colour), this.colours.background, 2.4);

  keyOf(line) {
    return this.model.keys[line.index];
  }

  #updateLegend() {
    if (this.options.legend === "hidden") return;
    const shown = new Set(this.model.lines.map((line) => line.index));
    const series = this.data.series ?? [];
    const entries = series.slice(0, this.#limit).map((one, index) => ({
      key: this.model.keys[index],
      name: one.name,
      series: one,
      colour: this.colourOf({ series: one, index }),
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
    const frame = frameOf(this.model, this.options, size, measure, exemplars);
    this.frame = frame;
    this.placed = placeExemplars(exemplars, frame);
    const { ratio } = size;
    const annotationColour = (colour) => (colour ? this.#readable(colour) : this.colours.accent);
    drawFrame(context, frame, this.colours, ratio, this.options.axisLabel);
    drawThresholds(context, frame, this.options, this.#readable, ratio, "behind");
    drawSeries(context, this.model.lines, frame, this.model, {
      colourOf: this.colourOf,
      ratio,
      options: this.options,
      faint: this.#highlight === null ? undefined : (line) => this.keyOf(line) !== this.#highlight,
    });
    drawThresholds(context, frame, this.options, this.#readable, ratio, "before");
    drawAnnotations(context, frame, this.data.annotations ?? [], annotationColour, ratio);
    drawExemplars(context, this.placed, this.colours);
  }

  drawCursor(context) {
    const { time, exemplar } = this.cursor;
    if (time !== null) {
      this.drawCrosshair(context, time + this.#reading.lead);
      drawDots(context, this.#reading.dots(time), this.colours.background);
    }
    const chosen = placeOf(this.placed, exemplar);
    if (chosen) drawChosen(context, chosen, this.colours);
  }

  // Pointer

  point(x, y, event) {
    const { left, right, bottom } = this.frame;
    if (x < left - 6 || x > right + 6 || y < 0 || y > bottom + 8) return this.clearCursor();
    const under = this.frame.timeAt(x);
    const time = snapped(this.model.lines, under - this.#reading.lead) ?? under;
    const exemplar = exemplarAt(this.placed, x, y)?.exemplar ?? null;
    this.pointCursor({ time, x, y, key: null, exemplar }, event, Boolean(exemplar && this.options.onExemplar));
  }

  content() {
    return this.#reading.content();
  }

  exemplarValue({ value }) {
    return displayed(value, this.options).text;
  }

  click(x, y, event) {
    const placed = exemplarAt(this.placed, x, y);
    if (placed && this.options.onExemplar) return this.#openExemplar(placed, event);
    const near = this.#reading.near(NEAR);
    if (near && this.options.onSeries) return this.#openSeries(near, event);
    const { time } = this.cursor;
    if (!this.options.barZoom || time === null || !this.#reading.valuesAt(time).length) return;
    const { from, to } = this.#reading.barSpan(time);
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
    const { keys } = this.model;
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
    const drawn = this.model.lines.some((line) => this.keyOf(line) === key);
    const highlight = drawn && this.model.lines.length > 1 ? key : null;
    if (highlight === this.#highlight) return;
    this.#highlight = highlight;
    this.surface.invalidate();
  }

  // Keyboard

  keys(event) {
    return {
      ...this.#reading.keys(event),
      e: () => this.nextExemplar(1),
      E: () => this.nextExemplar(-1),
      Enter: () => this.#enter(event),
      t: () => this.#toggleTable(),
    };
  }

  #enter(event) {
    const placed = placeOf(this.placed, this.cursor.exemplar);
    if (placed && this.options.onExemplar) return this.#openExemplar(placed, event);
    const meant = this.cursor.key !== null || this.model.lines.length === 1;
    const near = meant && this.#reading.near();
    if (near && this.options.onSeries) return this.#openSeries(near, event);
    return false;
  }

  #toggleTable() {
    if (this.#table) {
      this.#table.root.remove();
      this.#table = null;
      this.plot.focus();
    } else {
      const write = (value, line) => this.#reading.write(value, line);
      this.#table = valuesTable({ label: this.options.label, write, close: () => this.#toggleTable() });
      this.element.append(this.#table.root);
      this.#table.update(this.model.lines);
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
