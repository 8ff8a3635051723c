/** What all charts over time share: their box, focus and voice, their cursor and that of a group, choosing a range. */

import { h, uniqueId } from "../ui/dom.js";
import { hideTooltip, showTooltip } from "./chart_tooltip.js";
import { exemplarText, nextPlaced } from "./marks.js";
import { joinCursor } from "./shared_cursor.js";
import { crisp, palette, Surface } from "./surface.js";
import { TimePointer } from "./time_pointer.js";

/**
 * A chart sets `frame` while drawing (see frame.js) and fills in the methods under "The chart's own".
 *
 * Options that all of them know: height, label, noValue, syncKey, onZoom.
 */
export class TimeChart {
  options;
  data = {};
  frame = null;
  /** Where the pointer, the keyboard or another chart of the group points: `time`, and what a chart adds to it. */
  cursor;
  /** The exemplars and where they are drawn; see marks.js. */
  placed = [];
  element;
  plot;
  legend;
  surface;
  #words;
  #colours = null;
  #parts;
  #pointer;
  #group;
  #selection = [NaN, NaN];
  #resting = null;
  #atRest;

  /**
   * @param {HTMLElement} root
   * @param {Object} options
   * @param {{kind: string, label: string, help: string}} words kind: "heat map"; help: which keys do what
   * @param {{time: null, own: false}} atRest the cursor that points at nothing; `own`: it is not another chart's
   */
  constructor(root, options, words, atRest) {
    this.options = options;
    this.#words = words;
    this.#atRest = atRest;
    this.cursor = atRest;
    this.#build(words);
    root.append(this.element);
    this.surface = new Surface(this.plot, {
      draw: (context, size) => {
        this.#colours = null;
        context.font = this.colours.font;
        this.draw(context, size);
        // Under a pointer that rests the values change.
        if (this.#resting) this.point(this.#resting.x, this.#resting.y, this.#resting);
      },
      overlay: (context, size) => {
        if (!this.frame) return;
        this.#drawSelection(context);
        this.drawCursor(context, size);
      },
      themed: () => {
        this.#colours = null;
        this.themed();
      },
    });
    this.#pointer = new TimePointer(this.plot, {
      move: (x, y, { clientX, clientY, pointerType }) => {
        this.#resting = { x, y, clientX, clientY, touch: pointerType === "touch" };
        if (this.frame) this.point(x, y, this.#resting);
      },
      leave: () => {
        this.#resting = null;
        this.clearCursor();
      },
      click: (x, y, event) => {
        this.plot.focus({ preventScroll: true });
        if (!this.frame) this.surface.flush();
        if (!this.frame) return;
        this.point(x, y, event);
        this.click(x, y, event);
        // What opened now must not be covered by a tooltip with the next refresh.
        this.#resting = null;
      },
      zoom: (start, end) => this.#zoom(start, end),
      widen: () => this.zoomBy(2),
      select: (start, end) => {
        this.#selection = [start, end];
        this.surface.invalidateOverlay();
      },
    });
    this.#joinGroup();
    this.#applyOptions();
  }

  /** What the caller gets. */
  get handle() {
    return {
      update: (data) => this.update(data),
      setOptions: (changes) => this.setOptions(changes),
      destroy: () => this.destroy(),
    };
  }

  update(data) {
    this.data = data;
    this.prepare();
  }

  setOptions(changes) {
    const { syncKey } = this.options;
    this.options = { ...this.options, ...changes };
    if (this.options.syncKey !== syncKey) this.#joinGroup();
    this.#applyOptions();
    this.prepare();
    this.surface.invalidate();
  }

  destroy() {
    hideTooltip(this);
    this.#group.leave();
    this.#pointer.destroy();
    this.surface.destroy();
    this.element.remove();
  }

  // The chart's own

  /** New data or options: work out what does not depend on the size. */
  prepare() {}
  /** The options' effect on elements other than the plot. */
  applyOptions() {}
  draw(_context, _size) {}
  drawCursor(_context, _size) {}
  /** The pointer is at a pixel of the plot. */
  point(_x, _y, _event) {}
  click(_x, _y, _event) {}
  /** What the tooltip says of the cursor; null: nothing. */
  content() {
    return null;
  }
  /** Where the tooltip stands when the cursor is moved by keyboard. */
  cursorPixel() {
    return { x: this.cursor.x, y: this.cursor.y };
  }
  /** An exemplar's value as text. */
  exemplarValue({ value }) {
    return String(value);
  }
  themed() {}
  /** What keys do: name → function; false from it: the key is not taken. */
  keys(_event) {
    return {};
  }
  /** Which range is shown, unix seconds. */
  get range() {
    return this.data.range;
  }

  // For all of them

  get colours() {
    this.#colours ??= palette();
    return this.#colours;
  }

  /** Says in the plot's middle that there is nothing, or takes that back. */
  showEmpty(empty) {
    const { message } = this.#parts;
    message.hidden = !empty;
    message.textContent = empty ? this.options.noValue ?? "No data in this time range." : "";
    this.element.classList.toggle("is-empty", empty);
  }

  /** Tells screen readers. */
  say(text) {
    this.#parts.live.textContent = text;
  }

  /** The element that menus hang on, moved to a pixel of the plot. */
  anchorAt(x, y) {
    this.#parts.anchor.style.transform = `translate(${x}px, ${y}px)`;
    return this.#parts.anchor;
  }

  /** Points at what is under the pointer. `isLink`: a click there leads somewhere. */
  pointCursor(cursor, { clientX, clientY }, isLink = false) {
    this.plot.classList.toggle("is-link", isLink);
    this.#moveCursor(cursor);
    const content = this.content();
    if (content) showTooltip(this, content, clientX, clientY);
    else hideTooltip(this);
  }

  /** Points at something by keyboard. */
  placeCursor(cursor) {
    this.#moveCursor(cursor);
    const content = this.content();
    if (!content) return;
    const box = this.plot.getBoundingClientRect();
    const { x, y } = this.cursorPixel();
    showTooltip(this, content, box.left + x, box.top + y);
  }

  /** By keyboard to the exemplar after the cursor's (direction 1) or before it (-1). */
  nextExemplar(direction, more = {}) {
    const next = nextPlaced(this.placed, this.cursor.exemplar, direction);
    if (!next) return this.say("There are no exemplars.");
    const { exemplar, x, y } = next;
    this.placeCursor({ time: exemplar.time, x, y, exemplar, ...more });
    this.say(exemplarText(this.placed, next, this.exemplarValue(exemplar)));
  }

  /** Points at nothing. */
  clearCursor() {
    if (this.cursor === this.#atRest) return;
    if (this.cursor.own) this.#group.move(null);
    this.cursor = this.#atRest;
    this.plot.classList.remove("is-link");
    hideTooltip(this);
    this.surface.invalidateOverlay();
  }

  /** Asks for a range `factor` times as wide around a moment (default: the middle). */
  zoomBy(factor, around) {
    const { from, to } = this.range;
    const middle = around ?? (from + to) / 2;
    const half = ((to - from) * factor) / 2;
    this.options.onZoom?.(middle - half, middle + half);
  }

  drawCrosshair(context, time) {
    const { range, top, bottom } = this.frame;
    if (time === null || time < range.from || time > range.to) return;
    const x = crisp(this.frame.x(time), this.surface.ratio);
    context.strokeStyle = this.colours.faint;
    context.lineWidth = 1 / this.surface.ratio;
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, bottom);
    context.stroke();
  }

  #build({ kind, help }) {
    const id = uniqueId("chart-help");
    const anchor = h("span", { class: "chart-anchor" });
    const message = h("div", { class: "chart-message", hidden: true });
    const live = h("div", { class: "visually-hidden", "aria-live": "polite" });
    this.plot = h(
      "div",
      {
        class: "chart-plot",
        tabindex: "0",
        role: "application",
        "aria-roledescription": kind,
        "aria-describedby": id,
        onkeydown: (event) => this.#key(event),
        onblur: () => this.#blurred(),
      },
      anchor,
      message,
    );
    this.legend = h("div", { class: "chart-legend" });
    this.element = h(
      "div",
      { class: "chart" },
      h("div", { class: "chart-body" }, this.plot, this.legend),
      h("p", { class: "visually-hidden", id }, help),
      live,
    );
    this.#parts = { anchor, message, live };
  }

  #applyOptions() {
    this.element.style.height = this.options.height ? `${this.options.height}px` : "100%";
    this.plot.setAttribute("aria-label", this.options.label ?? this.#words.label);
    this.plot.classList.toggle("is-zoomable", Boolean(this.options.onZoom));
    this.applyOptions();
  }

  #moveCursor(cursor) {
    this.cursor = { ...this.cursor, ...cursor, own: true };
    this.surface.invalidateOverlay();
    this.#group.move(this.cursor.time);
  }

  #joinGroup() {
    this.#group?.leave();
    this.#group = joinCursor(this.options.syncKey, (time) => {
      hideTooltip(this);
      this.cursor = time === null ? this.#atRest : { ...this.#atRest, time };
      this.surface.invalidateOverlay();
    });
  }

  /** A mouse above the plot keeps its cursor; a finger's stays until the next touch elsewhere. */
  #blurred() {
    if (this.#resting && !this.#resting.touch) return;
    this.#resting = null;
    this.clearCursor();
  }

  #key(event) {
    if (!this.frame) this.surface.flush();
    if (event.ctrlKey || event.metaKey || event.altKey || !this.frame) return;
    const nearer = () => this.zoomBy(0.5, this.cursor.time ?? undefined);
    const zoom = { "+": nearer, "=": nearer, "-": () => this.zoomBy(2) };
    // Without a cursor it is somebody else's key: a dialog's, a page's.
    const escape = () => (this.cursor === this.#atRest ? false : this.clearCursor());
    const action = { ...zoom, Escape: escape, ...this.keys(event) }[event.key];
    if (!action) return;
    this.#resting = null;
    if (action() === false) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #zoom(start, end) {
    const { left, right } = this.frame;
    const from = this.frame.timeAt(Math.max(left, start));
    const to = this.frame.timeAt(Math.min(right, end));
    if (to > from) this.options.onZoom?.(from, to);
  }

  #drawSelection(context) {
    const { left, right, top, bottom } = this.frame;
    const start = Math.max(left, this.#selection[0]);
    const end = Math.min(right, this.#selection[1]);
    if (!(start < end)) return;
    context.fillStyle = this.colours.selection;
    context.globalAlpha = 0.5;
    context.fillRect(start, top, end - start, bottom - top);
    context.globalAlpha = 1;
  }
}
