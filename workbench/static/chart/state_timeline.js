/** One row for each series: which state it was in when. Equal neighbours are one bar. */

import { namedColour, seriesColour } from "../colours.js";
import { clock, dateTime, duration } from "../format/time.js";
import { h, uniqueId } from "../ui/dom.js";
import { hideTooltip, showTooltip, tooltipContent } from "./chart_tooltip.js";
import { inkOn, legible, mixed } from "./contrast.js";
import { drawTimeGrid, drawTimeLabels, timeFrame } from "./frame.js";
import { ownRange } from "./series_model.js";
import { joinCursor } from "./shared_cursor.js";
import { spanAt, spansOf } from "./spans.js";
import { crisp, palette, Surface } from "./surface.js";
import { TimePointer } from "./time_pointer.js";

const KEYS = "Left and right go from state to state, up and down choose a row, plus and minus zoom.";
const MOST_ROWS = 60;

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
  const chart = new StateTimeline(root, options);
  return {
    update: (data) => chart.update(data),
    setOptions: (changes) => chart.setOptions(changes),
    destroy: () => chart.destroy(),
  };
}

class StateTimeline {
  #options;
  #data = {};
  #rows = [];
  #total = 0;
  #frame = null;
  #colours = null;
  #cursor = { row: -1, time: null };
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
      themed: () => this.#updateLegend(),
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
    const help = uniqueId("timeline-help");
    const plot = h("div", {
      class: "chart-plot", tabindex: "0", role: "application", "aria-roledescription": "state timeline", "aria-describedby": help,
      onkeydown: (event) => this.#key(event), onblur: () => this.#clear(),
    });
    const anchor = h("span", { class: "chart-anchor" });
    const message = h("div", { class: "chart-message", hidden: true });
    plot.append(anchor, message);
    const legend = h("div", { class: "chart-legend" });
    const live = h("div", { class: "visually-hidden", "aria-live": "polite" });
    const chart = h("div", { class: "chart" }, h("div", { class: "chart-body" }, plot, legend),
      h("p", { class: "visually-hidden", id: help }, KEYS), live);
    return { chart, plot, anchor, message, legend, live };
  }

  #applyOptions() {
    const { height, label, legend } = this.#options;
    this.#parts.chart.style.height = height ? `${height}px` : "100%";
    this.#parts.plot.setAttribute("aria-label", label ?? "States over time");
    this.#parts.plot.classList.toggle("is-zoomable", Boolean(this.#options.onZoom));
    this.#parts.legend.hidden = legend === "hidden";
  }

  #joinGroup() {
    this.#group?.leave();
    this.#group = joinCursor(this.#options.syncKey, (time) => {
      this.#cursor = { row: -1, time };
      hideTooltip(this);
      this.#surface.invalidateOverlay();
    });
  }

  #prepare() {
    const { series, rows } = this.#data;
    const all = rows ?? (series ?? []).map((one) => ({
      name: one.name, series: one,
      spans: spansOf(one, { ...this.#options, mappings: one.mappings ?? this.#options.mappings, gap: this.#options.nullGap }),
    }));
    this.#total = all.length;
    this.#rows = all.slice(0, MOST_ROWS);
    const empty = !this.#rows.some(({ spans }) => spans.length);
    const { message, chart } = this.#parts;
    message.hidden = !empty;
    message.textContent = empty ? this.#options.noValue ?? "No data in this time range." : "";
    chart.classList.toggle("is-empty", empty);
    this.#updateLegend();
    this.#surface.invalidate();
  }

  #colourOf(span, index) {
    this.#colours ??= palette(this.#parts.plot);
    if (!span.colour) return seriesColour(index);
    return legible(namedColour(span.colour), this.#colours.background, 2.2);
  }

  #updateLegend() {
    this.#colours = null;
    if (this.#options.legend === "hidden") return;
    const states = new Map();
    for (const { spans } of this.#rows) for (const span of spans) if (span.colour) states.set(span.text, span);
    const items = [...states].slice(0, 12).map(([text, span]) =>
      h("li", null, h("span", { class: "chart-swatch is-block", style: { "--colour": this.#colourOf(span, 0) } }), text));
    const more = this.#total > MOST_ROWS ? h("li", null, `Showing ${MOST_ROWS} of ${this.#total} rows.`) : null;
    this.#parts.legend.replaceChildren(h("ul", { class: "chart-legend-list" }, items, more));
  }

  get #range() {
    if (this.#data.range) return this.#data.range;
    const spans = this.#rows.flatMap((row) => row.spans);
    return ownRange([{ times: spans.length ? [Math.min(...spans.map(({ from }) => from)), Math.max(...spans.map(({ to }) => to))] : [] }]);
  }

  #draw(context, { width, height, ratio }) {
    this.#colours = palette(this.#parts.plot);
    context.font = this.#colours.font;
    const measure = (text) => context.measureText(text).width;
    const dated = height >= 60;
    const widest = Math.max(0, ...this.#rows.map(({ name }) => measure(name)));
    const left = width < 140 ? 2 : Math.min(Math.ceil((widest + 12) / 8) * 8, Math.round(width * 0.35));
    const top = 4;
    const bottom = height - (dated ? 20 : 2);
    this.#frame = {
      ...timeFrame(this.#range, left, width - 10, measure, dated), left, right: width - 10, top, bottom,
      rowHeight: (bottom - top) / Math.max(1, this.#rows.length),
    };
    drawTimeGrid(context, this.#frame, this.#colours, ratio);
    this.#rows.forEach((row, i) => this.#drawRow(context, row, i, ratio));
    drawTimeLabels(context, this.#frame, this.#colours, ratio);
  }

  #drawRow(context, { name, spans }, index, ratio) {
    const { left, right, top, rowHeight, range, x } = this.#frame;
    const middle = top + (index + 0.5) * rowHeight;
    const size = Math.max(2, Math.min(rowHeight - 1, rowHeight * (this.#options.rowHeight ?? 0.8), 48));
    const round = (value) => Math.round(value * ratio) / ratio;
    context.font = this.#colours.font;
    context.textBaseline = "middle";
    if (left > 8 && rowHeight >= 10) {
      context.fillStyle = this.#colours.quiet;
      context.textAlign = "right";
      context.fillText(shortened(context, name, left - 12), left - 8, middle);
    }
    const fill = (this.#options.fill ?? 80) / 100;
    for (const span of spans) {
      if (span.to <= range.from || span.from >= range.to) continue;
      const start = round(Math.max(left, x(span.from)));
      const end = round(Math.min(right, x(span.to)));
      const colour = mixed(this.#colours.background, this.#colourOf(span, index), fill);
      context.fillStyle = colour;
      context.fillRect(start, round(middle - size / 2), Math.max(1 / ratio, end - start - (end - start > 3 ? 1 / ratio : 0)), round(size));
      this.#drawText(context, span, start, end, middle, size, colour);
    }
  }

  #drawText(context, { text }, start, end, middle, size, colour) {
    const show = this.#options.showValue ?? "auto";
    if (show === "never" || size < 12) return;
    const fits = context.measureText(text).width + 10 <= end - start;
    if (!fits && (show === "auto" || end - start < 20)) return;
    context.textAlign = "left";
    context.fillStyle = inkOn(colour);
    context.fillText(fits ? text : shortened(context, text, end - start - 8), start + 5, middle);
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
    const { time, row } = this.#cursor;
    if (time === null || time < frame.range.from || time > frame.range.to) return;
    const x = crisp(frame.x(time), ratio);
    context.strokeStyle = this.#colours.faint;
    context.lineWidth = 1 / ratio;
    context.beginPath();
    context.moveTo(x, frame.top);
    context.lineTo(x, frame.bottom);
    context.stroke();
    const span = this.#rows[row] && spanAt(this.#rows[row].spans, time);
    if (!span) return;
    context.strokeStyle = this.#colours.text;
    context.lineWidth = 1;
    const left = Math.max(frame.left, frame.x(span.from));
    const right = Math.min(frame.right, frame.x(span.to));
    const size = Math.min(frame.rowHeight - 1, frame.rowHeight * (this.#options.rowHeight ?? 0.8), 48);
    const middle = frame.top + (row + 0.5) * frame.rowHeight;
    context.strokeRect(crisp(left, ratio), crisp(middle - size / 2, ratio), right - left - 1, size);
  }

  #timeAt(x) {
    return this.#frame.timeAt(Math.min(this.#frame.right, Math.max(this.#frame.left, x)));
  }

  #point(x, y, event) {
    const frame = this.#frame;
    if (!frame) return;
    const row = Math.floor((y - frame.top) / frame.rowHeight);
    if (x < frame.left || x > frame.right || !this.#rows[row]) return this.#clear();
    this.#cursor = { row, time: frame.timeAt(x) };
    this.#surface.invalidateOverlay();
    this.#group.move(this.#cursor.time);
    this.#tooltip(event.clientX, event.clientY);
  }

  #tooltip(x, y) {
    const { row, time } = this.#cursor;
    const { name, spans } = this.#rows[row];
    const span = spanAt(spans, time);
    if (!span) return showTooltip(this, tooltipContent(dateTime(time), [{ name, value: "no value" }]), x, y);
    showTooltip(this, tooltipContent(`${dateTime(span.from)} to ${clock(span.to)}`, [
      { name, value: span.text, colour: this.#colourOf(span, row) },
      { name: "For", value: duration(span.to - span.from) },
    ]), x, y);
  }

  #clear() {
    if (this.#cursor.time === null) return;
    this.#cursor = { row: -1, time: null };
    hideTooltip(this);
    this.#group.move(null);
    this.#surface.invalidateOverlay();
  }

  #click(x, y, event) {
    this.#parts.plot.focus({ preventScroll: true });
    this.#point(x, y, event);
    this.#open(event, x, y);
  }

  #open(event, x, y) {
    const row = this.#rows[this.#cursor.row];
    if (!row || !this.#options.onSeries) return;
    hideTooltip(this);
    this.#parts.anchor.style.transform = `translate(${x}px, ${y}px)`;
    this.#options.onSeries(row.series ?? row, event, { time: this.#cursor.time, anchor: this.#parts.anchor });
  }

  #zoomBy(factor) {
    const { from, to } = this.#range;
    const half = ((to - from) * factor) / 2;
    this.#options.onZoom?.((from + to) / 2 - half, (from + to) / 2 + half);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = {
      ArrowRight: () => this.#walk(1), ArrowLeft: () => this.#walk(-1),
      ArrowDown: () => this.#changeRow(1), ArrowUp: () => this.#changeRow(-1),
      Enter: () => this.#open(event, this.#frame.x(this.#cursor.time ?? 0), this.#frame.top + (this.#cursor.row + 0.5) * this.#frame.rowHeight),
      Escape: () => this.#clear(),
      "+": () => this.#zoomBy(0.5), "=": () => this.#zoomBy(0.5), "-": () => this.#zoomBy(2),
    }[event.key];
    if (!action || !this.#rows.length || !this.#frame) return;
    action();
    event.preventDefault();
    event.stopPropagation();
  }

  #walk(direction) {
    const row = Math.max(0, this.#cursor.row);
    const { spans } = this.#rows[row];
    if (!spans.length) return this.#read(row, null);
    const now = this.#cursor.time;
    const place = now === null ? (direction > 0 ? -1 : spans.length) : spans.indexOf(spanAt(spans, now));
    this.#read(row, spans[Math.min(spans.length - 1, Math.max(0, place + direction))]);
  }

  #changeRow(direction) {
    const row = (this.#cursor.row + direction + this.#rows.length) % this.#rows.length;
    const { spans } = this.#rows[row];
    this.#read(row, spanAt(spans, this.#cursor.time ?? Infinity) ?? spans.at(-1) ?? null);
  }

  #read(row, span) {
    const { name } = this.#rows[row];
    const { range } = this.#frame;
    this.#cursor = { row, time: span ? Math.min(range.to, Math.max(range.from, (span.from + span.to) / 2)) : range.to };
    this.#surface.invalidateOverlay();
    this.#group.move(this.#cursor.time);
    this.#parts.live.textContent = span
      ? `${name}: ${span.text}, ${clock(span.from)} to ${clock(span.to)}, ${duration(span.to - span.from)}` : `${name}: no value`;
    const box = this.#parts.plot.getBoundingClientRect();
    this.#tooltip(box.left + this.#frame.x(this.#cursor.time), box.top + this.#frame.top + (row + 1) * this.#frame.rowHeight);
  }
}

function shortened(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let end = text.length;
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > room) end -= 1;
  return `${text.slice(0, end)}…`;
}
