/** What a time series says of the time under its cursor, in a tooltip and aloud, and moving that cursor by keyboard. */

import { clock, dateTime } from "../format/time.js";
import { exemplarContent, tooltipContent } from "./chart_tooltip.js";
import { annotationsAt, annotationText } from "./marks.js";
import { nearestTo, neighbourTime, valuesAt } from "./series_model.js";
import { displayed } from "./values.js";

/** Rows of a tooltip: more would not fit a window. */
const MOST_ROWS = 16;

export class SeriesReading {
  #chart;

  /** @param {import("./time_series.js").TimeSeries} chart whose model, frame and cursor are read as they are then */
  constructor(chart) {
    this.#chart = chart;
  }

  /** The points that the lines have at a time. */
  dots(time) {
    const near = this.near();
    const { frame, range } = this.#chart;
    const values = this.valuesAt(time).filter(({ line, time: at }) =>
      line.style.draw !== "bars" && at >= range.from && at <= range.to
    );
    return values.map(({ line, time: at, height }) => ({
      x: frame.x(at),
      y: frame.axes.get(line.axis).scale.to(height),
      colour: this.#chart.colourOf(line),
      strong: line === near?.line,
    }));
  }

  /** The value of each line that has one near this time. */
  valuesAt(time) {
    const { frame, model: { lines, step } } = this.#chart;
    const pixels = frame.timeAt(6) - frame.timeAt(0);
    return valuesAt(lines, time, Math.max(Number.isFinite(step) ? step * 0.6 : 0, pixels));
  }

  /** The value nearest to the pointer, or that of the series chosen by keyboard; null if none is meant. */
  near(reach = Infinity) {
    const { cursor: { time, y, key }, frame } = this.#chart;
    if (time === null || !frame) return null;
    const values = this.valuesAt(time);
    if (key !== null) return values.find(({ line }) => this.#chart.keyOf(line) === key) ?? null;
    return nearestTo(values, y, (line) => frame.axes.get(line.axis).scale, reach);
  }

  /** What the tooltip and the screen reader say of the time under the cursor. */
  #rows() {
    const near = this.near();
    const { cursor, options } = this.#chart;
    const single = options.tooltip === "single";
    const values = this.valuesAt(cursor.time)
      .filter(({ line }) => line.style.inTooltip && (!single || line === near?.line));
    const order = { asc: 1, desc: -1 }[options.tooltipSort];
    if (order) values.sort((a, b) => order * (a.value - b.value));
    // Stacks read from the top as they are drawn.
    else if (values.length && values.every(({ line }) => line.bottoms)) values.reverse();
    return values.map(({ line, value }) => ({
      name: line.series.name,
      value: this.write(value, line),
      colour: this.#chart.colourOf(line),
      key: this.#chart.keyOf(line),
      strong: values.length > 1 && line === near?.line,
    }));
  }

  /** A value of a line as text. */
  write(value, { unit, decimals }) {
    return displayed(value, { unit, decimals, mappings: this.#chart.options.mappings }).text;
  }

  /** What the tooltip says, or null. */
  content() {
    const { cursor, data, frame, options } = this.#chart;
    const { exemplar, time, x } = cursor;
    if (exemplar) {
      return exemplarContent(exemplar, this.#chart.exemplarValue(exemplar), Boolean(options.onExemplar));
    }
    if (options.tooltip === "none") return null;
    const notes = annotationsAt(data.annotations ?? [], frame, x).map(annotationText);
    const rows = this.#rows();
    if (!rows.length && !notes.length) return null;
    const left = rows.length - MOST_ROWS;
    const shown = left > 0 ? rows.filter((row, i) => i < MOST_ROWS || row.strong) : rows;
    return tooltipContent(this.#when(time), shown, [...(left > 0 ? [`and ${left} more`] : []), ...notes].join("\n"));
  }

  /** A bar counts a span of time, a point is a moment. */
  #when(time) {
    if (!this.#chart.options.barZoom || !Number.isFinite(this.#chart.model.step)) return dateTime(time);
    const { from, to } = this.barSpan(time);
    return `${dateTime(from)} to ${clock(to)}`;
  }

  /** From where to where the bar of a time counts, unix seconds. */
  barSpan(time) {
    const half = this.#chart.model.step / 2;
    return { from: time + this.lead - half, to: time + this.lead + half };
  }

  /** How far the middle of a bar lies from its time, seconds; 0 for lines. */
  get lead() {
    const { model: { step }, options: { bars, draw, barAlign = 0 } } = this.#chart;
    return (bars || draw === "bars") && Number.isFinite(step) ? (barAlign * step) / 2 : 0;
  }

  /** By keyboard: from time to time, and from series to series. */
  keys(event) {
    const { lines, range } = this.#chart.model;
    return {
      ArrowRight: () => this.#step(1, event.shiftKey ? 10 : 1),
      ArrowLeft: () => this.#step(-1, event.shiftKey ? 10 : 1),
      ArrowDown: () => this.#choose(1),
      ArrowUp: () => this.#choose(-1),
      Home: () => this.#moveTo(neighbourTime(lines, range.from - 1e-6, 1)),
      End: () => this.#moveTo(neighbourTime(lines, range.to + 1e-6, -1)),
    };
  }

  #step(direction, count) {
    const { from, to } = this.#chart.range;
    let time = this.#chart.cursor.time ?? (direction > 0 ? from - 1e-6 : to + 1e-6);
    for (let i = 0; i < count; i += 1) {
      const next = neighbourTime(this.#chart.model.lines, time, direction);
      if (next === null || next < from || next > to) break;
      time = next;
    }
    this.#moveTo(time);
  }

  #moveTo(time) {
    const { frame, range: { from, to } } = this.#chart;
    if (time === null || time < from || time > to) return this.#chart.say("There are no values.");
    this.#chart.placeCursor({ time, x: frame.x(time), y: frame.top, exemplar: null });
    const rows = this.#rows();
    const { key } = this.#chart.cursor;
    const read = key === null ? rows.slice(0, 6) : rows.filter((row) => row.key === key);
    const values = read.map(({ name, value }) => `${name} ${value}`).join(", ") || "no value";
    const more = key === null && rows.length > read.length ? ` and ${rows.length - read.length} more` : "";
    this.#chart.say(`${clock(time)}: ${values}${more}`);
  }

  #choose(direction) {
    const { cursor, model: { lines }, range } = this.#chart;
    const keys = lines.map((line) => this.#chart.keyOf(line));
    if (!keys.length) return;
    const place = keys.indexOf(cursor.key);
    const start = direction > 0 ? -1 : keys.length;
    const next = ((place < 0 ? start : place) + direction + keys.length) % keys.length;
    this.#chart.cursor = { ...cursor, key: keys[next] };
    this.#moveTo(cursor.time ?? neighbourTime(lines, range.to + 1e-6, -1));
  }
}
