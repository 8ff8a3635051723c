/**
 * A list of log lines: the one that the Logs page, Explore, traces and dashboards show. Any number of lines; only those
 * in sight are in the document. Everything of a line is shown as text.
 */
import { copy } from "../ui/clipboard.js";
import { h, replace } from "../ui/dom.js";
import { emptyState } from "../ui/states.js";
import { detailsOf } from "./details.js";
import { reading } from "./fields.js";
import { finder } from "./marks.js";
import { MeasuredRows } from "./measured_rows.js";
import { byTime, lineId, merged, oldestFirst } from "./order.js";
import { soughtTexts } from "./query_text.js";
import { rowOf } from "./row.js";

/** Pixels of a line that does not wrap; each is measured when it is drawn. */
const USUAL_HEIGHT = 24;

/** Lines that move with the arrow keys at once. */
const PAGE = 20;

/**
 * @typedef {{lines?: import("../data/log_line.js").Line[], wrap?: boolean, newestFirst?: boolean, columns?: string[],
 *   query?: string, opened?: string|null, marked?: string|null, label?: string, maxHeight?: number|null,
 *   hideService?: boolean, withDate?: boolean, empty?: Node|string, context?: object,
 *   onFilter?: (field: string, value: string, operator: "="|"!=", detail: object) => void,
 *   actions?: (line: object) => {title: string, onSelect: () => void}[],
 *   onColumns?: (columns: string[]) => void, onOpen?: (id: string|null) => void,
 *   onContext?: ((line: object) => void)|null, onMove?: () => void}} ListOptions
 *   lines in any order; `query` is the LogQL they answer: what it looks for is marked; `opened` the id (`lineId`) of
 *   the line that is open; `marked` that of a line to point out; `maxHeight` in pixels, beyond which the list scrolls
 *   inside (null: it fills the height that its place has); `withDate` by itself when lines are of several days;
 *   `onFilter` puts a condition into the query: `withCondition(query, detail, operator)` of query_text.js does that;
 *   without `onFilter` no filter is offered; `onContext: null` offers no lines around a line.
 */

/**
 * @param {HTMLElement} root
 * @param {ListOptions} options
 * @returns {{update: (lines: object[]) => void, append: (lines: object[]) => void,
 *   setOptions: (changes: ListOptions) => void, reveal: (id: string) => boolean, isAtNewest: () => boolean,
 *   goToNewest: () => void, lines: () => object[], destroy: () => void}}
 */
export function logList(root, options = {}) {
  const list = new LogList(root, options);
  return {
    update: (lines) => list.update(lines),
    append: (lines) => list.append(lines),
    setOptions: (changes) => list.setOptions(changes),
    reveal: (id) => list.reveal(id),
    isAtNewest: () => list.isAtNewest(),
    goToNewest: () => list.goToNewest(),
    lines: () => list.lines,
    destroy: () => list.destroy(),
  };
}

class LogList {
  /** Oldest first. */
  lines = [];
  #root;
  #options;
  #scroller;
  #canvas;
  #empty;
  #rows;
  #shown = [];
  #keys = [];
  #keyOf = new WeakMap();
  #find = () => [];
  #active = null;
  #expanded = new Set();
  #unfolded = new Set();
  #withDate = false;
  #longestService = 0;

  constructor(root, options) {
    this.#root = root;
    this.#options = { wrap: false, newestFirst: true, columns: [], label: "Log lines", maxHeight: null, ...options };
    this.#canvas = h("div", { class: "log-canvas" });
    this.#scroller = h("div", {
      class: "log-list",
      role: "list",
      onclick: (event) => this.#clicked(event),
      onkeydown: (event) => this.#pressed(event),
    }, this.#canvas);
    this.#empty = h("div", { class: "log-empty", hidden: true });
    replace(root, this.#scroller, this.#empty);
    this.#rows = new MeasuredRows(this.#scroller, this.#canvas, {
      draw: (index, key) => this.#draw(index, key),
      usualHeight: USUAL_HEIGHT,
      onMove: () => this.#options.onMove?.(),
    });
    this.#applyOptions();
    this.update(this.#options.lines ?? []);
  }

  destroy() {
    this.#rows.destroy();
    this.#root.replaceChildren();
  }

  update(lines) {
    this.#show(isOrdered(lines) ? lines : oldestFirst(lines));
  }

  append(lines) {
    this.#show(merged(this.lines, lines));
  }

  setOptions(changes) {
    const { lines, ...rest } = changes;
    Object.assign(this.#options, rest);
    this.#applyOptions();
    if (lines) this.lines = isOrdered(lines) ? lines : oldestFirst(lines);
    this.#show(this.lines);
    this.#rows.redraw();
  }

  reveal(id) {
    const index = this.#keys.findIndex((key) => key === id || key.startsWith(`${id}~`));
    if (index < 0) return false;
    this.#activate(index, { focus: false });
    this.#rows.reveal(index, { middle: true });
    return true;
  }

  isAtNewest() {
    return this.#rows.isAt(this.#newestEdge);
  }

  goToNewest() {
    this.#rows.goTo(this.#newestEdge);
  }

  get #newestEdge() {
    return this.#options.newestFirst ? "start" : "end";
  }

  #applyOptions() {
    const { query, maxHeight, wrap, label, opened, columns } = this.#options;
    this.#find = finder(query ? soughtTexts(query) : []);
    this.#scroller.classList.toggle("log-wrap", wrap);
    this.#scroller.classList.toggle("log-fills", maxHeight === null);
    this.#scroller.style.setProperty("--log-columns", String(columns.length));
    if (maxHeight === null) this.#scroller.style.removeProperty("max-height");
    else this.#scroller.style.setProperty("max-height", `${maxHeight}px`);
    this.#scroller.setAttribute("aria-label", label);
    if (opened) this.#expanded.add(opened);
  }

  #show(ordered) {
    this.lines = ordered;
    this.#shown = this.#options.newestFirst ? ordered.toReversed() : ordered;
    this.#keys = this.#keysOf(ordered);
    if (this.#options.newestFirst) this.#keys.reverse();
    const dated = this.#options.withDate ?? isOfSeveralDays(ordered);
    const changed = dated !== this.#withDate;
    this.#withDate = dated;
    this.#scroller.classList.toggle("log-dated", dated);
    if (!this.#keys.includes(this.#active)) this.#active = this.#keys[0] ?? null;
    this.#giveServicesRoom(ordered);
    this.#scroller.hidden = ordered.length === 0;
    this.#empty.hidden = ordered.length > 0;
    if (!ordered.length) replace(this.#empty, this.#emptyNode());
    this.#rows.update(this.#keys, { stick: this.#newestEdge });
    if (changed) this.#rows.redraw();
  }

  /** As much as the longest name takes that has been there: names are read, and what follows them stands still. */
  #giveServicesRoom(lines) {
    for (const { labels } of lines) {
      this.#longestService = Math.max(this.#longestService, labels.service?.length ?? 0);
    }
    this.#scroller.style.setProperty("--log-service", String(this.#longestService));
  }

  /** Ids, each its own also when the same line is there twice. */
  #keysOf(lines) {
    const seen = new Map();
    return lines.map((line) => {
      let id = this.#keyOf.get(line);
      if (id === undefined) this.#keyOf.set(line, id = lineId(line));
      const count = seen.get(id) ?? 0;
      seen.set(id, count + 1);
      return count ? `${id}~${count}` : id;
    });
  }

  #emptyNode() {
    const { empty } = this.#options;
    return empty instanceof Node ? empty : emptyState(empty ?? "No line in this range.");
  }

  #draw(index, key) {
    const line = this.#shown[index];
    const expanded = this.#expanded.has(key);
    const [head, ...rest] = rowOf(line, {
      ...this.#options,
      find: this.#find,
      withDate: this.#withDate,
      expanded,
      unfolded: this.#unfolded.has(key),
      onUnfold: () => this.#unfold(key),
    });
    if (key === this.#active) head.tabIndex = 0;
    const level = reading(line).level;
    return h(
      "div",
      {
        class: "log-row",
        role: "listitem",
        "data-level": level,
        "data-key": key,
        "data-marked": this.#options.marked === key,
        "aria-posinset": index + 1,
        "aria-setsize": this.#keys.length,
      },
      h("div", { class: "log-line" }, head, rest),
      expanded ? this.#details(line) : null,
    );
  }

  #details(line) {
    const { onContext, context } = this.#options;
    return detailsOf(line, {
      ...this.#options,
      find: this.#find,
      onContext: onContext === null ? undefined : (onContext ?? ((one) => openContext(one, context))),
    });
  }

  #clicked(event) {
    const head = event.target.closest(".log-head");
    // Who marks text with the mouse wants to copy it.
    if (!head || event.target.closest("a, button") || String(getSelection()) !== "") return;
    const index = this.#indexOfRow(head);
    if (index < 0) return;
    this.#activate(index, { focus: true });
    this.#toggle(index);
  }

  #indexOfRow(element) {
    return this.#keys.indexOf(element.closest(".log-row")?.dataset.key);
  }

  #pressed(event) {
    const head = event.target.closest(".log-head");
    if (event.key === "Escape" && !head && event.target.closest(".log-details")) {
      const index = this.#indexOfRow(event.target);
      this.#toggle(index, false);
      this.#activate(index, { focus: true });
      event.stopPropagation();
      return;
    }
    if (!head || event.target !== head || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = this.#indexOfRow(head);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE, Home: -Infinity, End: Infinity };
    if (event.key in steps) {
      this.#activate(Math.min(Math.max(index + steps[event.key], 0), this.#keys.length - 1), { focus: true });
    } else if (event.key === "Enter" || event.key === " ") this.#toggle(index);
    else if (event.key === "ArrowRight") this.#toggle(index, true);
    else if (event.key === "ArrowLeft" || event.key === "Escape") this.#toggle(index, false);
    else if (event.key === "c") copy(this.#shown[index].line, "The line");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #activate(index, { focus }) {
    const before = this.#active && this.#rows.elementOf(this.#active)?.querySelector(".log-head");
    if (before) before.tabIndex = -1;
    this.#active = this.#keys[index];
    this.#rows.reveal(index);
    const head = this.#rows.elementOf(this.#active)?.querySelector(".log-head");
    if (!head) return;
    head.tabIndex = 0;
    if (focus) head.focus({ preventScroll: true });
  }

  #toggle(index, open = !this.#expanded.has(this.#keys[index])) {
    const key = this.#keys[index];
    if (open === this.#expanded.has(key)) return;
    if (open) this.#expanded.add(key);
    else this.#expanded.delete(key);
    const focused = this.#rows.elementOf(key)?.contains(document.activeElement);
    this.#rows.redraw(key);
    if (focused) this.#rows.elementOf(key)?.querySelector(".log-head").focus({ preventScroll: true });
    this.#options.opened = open ? key : null;
    this.#options.onOpen?.(open ? key : null);
  }

  #unfold(key) {
    this.#unfolded.add(key);
    this.#rows.redraw(key);
  }
}

/** Fetched when somebody wants it: the dialog has a list of its own in it. */
async function openContext(line, context) {
  const { openContext: open } = await import("./context_dialog.js");
  open(line, { context });
}

function isOrdered(lines) {
  for (let i = 1; i < lines.length; i += 1) if (byTime(lines[i - 1], lines[i]) > 0) return false;
  return true;
}

function isOfSeveralDays(ordered) {
  if (ordered.length === 0) return false;
  const day = (line) => new Date(line.time * 1000).toDateString();
  return day(ordered[0]) !== day(ordered.at(-1)) || Date.now() / 1000 - ordered.at(-1).time > 86_400;
}
