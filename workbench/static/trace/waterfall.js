/**
 * The waterfall: each span a row in its place in the tree, its bar at its time. A treegrid by ARIA's pattern; the focus
 * stays on the grid and `aria-activedescendant` names the row, because rows come and go while one scrolls.
 *
 * What is chosen (span, window, toggles) is the view's; this draws it and tells what was clicked.
 */

import { duration } from "../format/time.js";
import { h, replace, uniqueId } from "../ui/dom.js";
import { virtualList } from "../ui/virtual_list.js";
import { countUnder, rowsShown } from "./rows.js";
import { spanFacts, waterfallRow } from "./waterfall_row.js";
import { fraction, ticks, zoomed } from "./window.js";

const ROW = 28;
const INDENT = 14;
/** However deep a span is, its name keeps this much room, in pixels. */
const NAME_ROOM = 150;
const NARROWEST_NAMES = 120;
const NAME_WIDTH = "workbench trace name width";

/**
 * @typedef {object} Look what is shown
 * @property trace from model.js
 * @property {Map} critical from criticalTimes()
 * @property {boolean} path whether the critical path is drawn
 * @property {Map<string, Array<{at, level, text}>>} lines log lines by span id, empty where they are not shown
 * @property {{start, end}} window
 * @property {string|null} selected a span's id
 * @property {Set<string>} collapsed
 * @property {Set<string>|null} matches ids of the spans found; null where nothing is looked for
 * @property {boolean} onlyMatches
 *
 * @param {HTMLElement} root
 * @param {Look} look
 * @param {{onSelect: function(string|null), onToggle: function(string, boolean, {under: boolean}), onWindow: function,
 *   onNext: function(number)}} act
 * @returns {{update: function(Partial<Look>), reveal: function(string), focus: function(),
 *   placeDetails: function(Node|null), rowCount: function(): number,
 *   destroy: function()}}
 */
export function waterfall(root, look, act) {
  const prefix = uniqueId("row");
  let rows = [];
  let places = new Map();
  let active = null;
  let indent = INDENT;
  let details = null;
  let detailsHeight = 0;

  const ruler = h("div", {
    class: "wf-ruler",
    role: "columnheader",
    "aria-label": "Time since the start of the trace",
  });
  const splitter = h("div", {
    class: "wf-splitter",
    role: "separator",
    tabindex: "0",
    "aria-orientation": "vertical",
    "aria-label": "Width of the names",
    "aria-valuemin": NARROWEST_NAMES,
    onpointerdown: resizeNames,
    onkeydown: resizeByKey,
  });
  const head = h(
    "div",
    { class: "wf-head", role: "row" },
    h("div", { class: "wf-name", role: "columnheader" }, "Service and operation", splitter),
    h("div", { class: "wf-number", role: "columnheader" }, "Duration"),
    h("div", { class: "wf-number", role: "columnheader", title: "Time in which none of its children ran" }, "Self"),
    ruler,
  );
  const body = h("div", { class: "wf-body", role: "rowgroup" });
  const tip = h("div", { class: "wf-tip", "aria-hidden": "true", hidden: true });
  const grid = h(
    "div",
    {
      class: "waterfall",
      role: "treegrid",
      tabindex: "0",
      "aria-label": "Spans of the trace",
      "aria-colcount": 4,
      onkeydown: pressed,
      onclick: clicked,
      onpointermove: pointed,
      onpointerleave: () => {
        tip.hidden = true;
      },
      onfocus: () => {
        if (!active && rows.length) activate(0, false);
      },
    },
    head,
    body,
    tip,
  );
  root.append(grid);
  setNameWidth(Number(localStorage.getItem(NAME_WIDTH)) || null);

  arrange();
  const list = virtualList(body, { count: rows.length, rowHeight: ROW, heightOf, render: renderRow });
  const measured = new ResizeObserver(() => {
    const height = details?.isConnected ? Math.ceil(details.getBoundingClientRect().height) : 0;
    if (height && height !== detailsHeight) {
      detailsHeight = height;
      list.update({ heightOf });
    }
  });
  const resized = new ResizeObserver(() => drawRuler());
  resized.observe(ruler);
  // Ctrl and the wheel zoom, as in maps; the wheel alone scrolls.
  body.addEventListener("wheel", wheeled, { passive: false });

  /** Which spans have a row: not those under a collapsed one, and with `onlyMatches` only what leads to a match. */
  function arrange() {
    rows = rowsShown(look.trace, look);
    places = new Map(rows.map((span, index) => [span.id, index]));
    grid.setAttribute("aria-rowcount", String(rows.length + 1));
    const deepest = rows.reduce((most, span) => Math.max(most, span.depth), 1);
    indent = Math.max(1, Math.min(INDENT, (nameWidth() - NAME_ROOM) / deepest));
  }

  function heightOf(index) {
    return ROW + (details && rows[index]?.id === look.selected ? detailsHeight : 0);
  }

  function renderRow(index) {
    const span = rows[index];
    const siblings = span.parent?.children ?? look.trace.roots;
    const collapsed = look.collapsed.has(span.id) && span.children.length > 0;
    const row = waterfallRow(span, {
      window: look.window,
      indent,
      collapsed,
      hidden: collapsed ? countUnder(look.trace, span) : 0,
      active: span === active,
      selected: span.id === look.selected,
      match: Boolean(look.matches?.has(span.id)),
      dimmed: Boolean(look.matches && !look.matches.has(span.id) && span.id !== look.selected),
      critical: look.path ? look.critical.get(span) ?? null : null,
      lines: look.lines.get(span.spanId) ?? [],
      id: `${prefix}-${span.index}`,
      rowIndex: index + 2,
      siblings: { count: siblings.length, place: siblings.indexOf(span) + 1 },
    });
    row.setAttribute("aria-label", spanFacts(look.trace, span, look.critical.get(span)?.time ?? 0));
    return span.id === look.selected && details ? [row, details] : row;
  }

  function clicked(event) {
    if (details?.contains(event.target)) return;
    tip.hidden = true;
    const row = event.target.closest(".wf-row");
    if (!row) return;
    const index = places.get(row.dataset.id);
    if (index === undefined) return;
    activate(index, false);
    const span = rows[index];
    if (event.target.closest("button.wf-toggle")) {
      act.onToggle(span.id, !look.collapsed.has(span.id), { under: event.altKey });
    } else act.onSelect(look.selected === span.id ? null : span.id);
  }

  function pressed(event) {
    if (event.target !== grid || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = active ? places.get(active.id) ?? 0 : 0;
    const page = Math.max(1, Math.floor(body.clientHeight / ROW) - 1);
    const span = rows[at];
    const moves = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: at + page,
      PageUp: at - page,
    };
    const open = span?.children.length > 0 && !look.collapsed.has(span.id);
    if (event.key in moves) activate(moves[event.key]);
    else if (event.key === "ArrowRight") {
      if (open) activate(at + 1);
      else if (span?.children.length) act.onToggle(span.id, false, { under: false });
    } else if (event.key === "ArrowLeft") {
      if (open) act.onToggle(span.id, true, { under: false });
      else if (span?.parent) activate(places.get(span.parent.id) ?? at);
    } else if (event.key === "Enter" || event.key === " ") {
      act.onSelect(look.selected === span?.id ? null : span?.id ?? null);
    } else if (event.key === "Escape" && look.selected) act.onSelect(null);
    else if (event.key === "*") act.onToggle(span?.id, !open ? false : true, { under: true });
    else if (event.key === "n" || event.key === "N") act.onNext(event.key === "n" ? 1 : -1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function activate(index, scroll = true) {
    const before = active;
    const at = Math.min(Math.max(index, 0), rows.length - 1);
    active = rows[at] ?? null;
    if (!active) return;
    if (scroll) list.scrollTo(at);
    if (before && places.has(before.id)) list.rowOf(places.get(before.id))?.classList.remove("active");
    list.rowOf(at)?.classList.add("active");
    grid.setAttribute("aria-activedescendant", `${prefix}-${active.index}`);
  }

  function pointed(event) {
    const cell = event.target.closest?.(".wf-time");
    const row = cell?.closest(".wf-row");
    const span = row && look.trace.byId.get(row.dataset.id);
    if (!span || event.pointerType === "touch") {
      tip.hidden = true;
      return;
    }
    const [place, bounds] = [cell.getBoundingClientRect(), grid.getBoundingClientRect()];
    const at = look.window.start + ((event.clientX - place.left) / place.width) * (look.window.end - look.window.start);
    replace(
      tip,
      spanFacts(look.trace, span, look.critical.get(span)?.time ?? 0),
      h("span", { class: "wf-tip-time" }, ` · here: ${duration(at / 1e6)}`),
    );
    tip.hidden = false;
    tip.style.left = "0";
    tip.style.top = `${place.bottom - bounds.top + 2}px`;
    const left = Math.min(event.clientX - bounds.left + 12, bounds.width - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    // The last rows have no room under them.
    if (place.bottom + tip.offsetHeight + 4 > innerHeight) {
      tip.style.top = `${place.top - bounds.top - tip.offsetHeight - 2}px`;
    }
  }

  function wheeled(event) {
    if (!event.ctrlKey) return;
    const place = ruler.getBoundingClientRect();
    if (event.clientX < place.left) return;
    event.preventDefault();
    const at = look.window.start + ((event.clientX - place.left) / place.width) * (look.window.end - look.window.start);
    act.onWindow(zoomed(look.window, event.deltaY > 0 ? 1.25 : 0.8, at, look.trace.duration));
  }

  function drawRuler() {
    const marks = ticks(look.window, Math.max(2, ruler.clientWidth / 90));
    const first = marks.length > 1 ? marks[1] - marks[0] : 0;
    replace(
      ruler,
      marks.map((at) => {
        const place = fraction(look.window, at);
        return h(
          "span",
          { class: place > 0.93 ? "wf-tick last" : "wf-tick", style: { left: `${place * 100}%` } },
          tickText(at, first),
        );
      }),
    );
    body.style.setProperty("--ticks", String(marks.length));
  }

  function setNameWidth(pixels) {
    const most = Math.max(NARROWEST_NAMES, grid.clientWidth * 0.7);
    if (pixels) grid.style.setProperty("--names", `${Math.min(Math.max(pixels, NARROWEST_NAMES), most)}px`);
    splitter.setAttribute("aria-valuemax", String(Math.round(most)));
    splitter.setAttribute("aria-valuenow", String(Math.round(nameWidth())));
  }

  function nameWidth() {
    return head.firstElementChild.getBoundingClientRect().width || 320;
  }

  function resizeNames(event) {
    event.preventDefault();
    const from = event.clientX - nameWidth();
    splitter.setPointerCapture(event.pointerId);
    const move = (step) => setNameWidth(step.clientX - from);
    splitter.addEventListener("pointermove", move);
    splitter.addEventListener("lostpointercapture", () => {
      splitter.removeEventListener("pointermove", move);
      keepNameWidth();
    }, { once: true });
  }

  function resizeByKey(event) {
    const by = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    setNameWidth(nameWidth() + by);
    keepNameWidth();
  }

  function keepNameWidth() {
    localStorage.setItem(NAME_WIDTH, String(Math.round(nameWidth())));
    arrange();
    list.refresh();
  }

  return {
    update(changes) {
      const anchor = changes.trace ? rows[Math.floor(body.scrollTop / ROW)]?.id : null;
      const arrangement = ["trace", "collapsed", "matches", "onlyMatches"].some((name) => name in changes);
      look = { ...look, ...changes };
      if ("window" in changes || "trace" in changes) drawRuler();
      if (changes.trace && active) active = look.trace.byId.get(active.id) ?? null;
      if (arrangement || "selected" in changes) {
        arrange();
        list.update({ count: rows.length, heightOf });
      } else list.refresh();
      if (anchor && places.has(anchor)) body.scrollTop = places.get(anchor) * ROW;
    },
    /** Scrolls to a span's row; those above it have to be open. */
    reveal(id, { focus = false } = {}) {
      const index = places.get(id);
      if (index === undefined) return;
      // With its details under it a row may be taller than what can be seen: then its top counts.
      list.scrollTo(index, { align: heightOf(index) > body.clientHeight ? "start" : "nearest" });
      activate(index, false);
      if (focus) grid.focus({ preventScroll: true });
    },
    focus: () => grid.focus({ preventScroll: true }),
    /** Puts a node under the selected row; null takes it away. */
    placeDetails(node) {
      measured.disconnect();
      details = node;
      detailsHeight = node ? detailsHeight || 320 : 0;
      list.update({ heightOf });
      if (node) measured.observe(node);
    },
    rowCount: () => rows.length,
    destroy() {
      measured.disconnect();
      resized.disconnect();
      list.destroy();
      grid.remove();
    },
  };
}

/** Ticks of one ruler have one unit: that of their distance. */
function tickText(micros, step) {
  const [unit, size] = [["s", 1e6], ["ms", 1e3], ["µs", 1], ["ns", 1e-3]].find(([, size]) =>
    step >= size || size === 1e-3
  );
  const seconds = unit === "ms" && micros >= 1e7 ? ["s", 1e6] : [unit, size];
  return `${Number((micros / seconds[1]).toPrecision(6))} ${seconds[0]}`;
}
