/**
 * The waterfall with what belongs to it: mini-map, search, toggles, and the details of the span that is chosen. All of
 * its state is in the address: span, window, find, only, path, lines, depth.
 */

import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { criticalPath, criticalTimes } from "./critical_path.js";
import { findBar } from "./find_bar.js";
import { minimap } from "./minimap.js";
import { ancestors } from "./model.js";
import { spanDetails } from "./span_details.js";
import { collapsedFrom, withChildrenUnder } from "./rows.js";
import { waterfall } from "./waterfall.js";
import { windowFrom, windowOf, windowText } from "./window.js";

/** Pixels of width from which the details have a place of their own at the side. */
const WIDE = 1080;

/**
 * @param {HTMLElement} root
 * @param {{trace, lines: Promise<{byId: Map, count: number, cut: boolean}>, measured: Promise<Object>,
 *   context}} options
 * @returns {{update: function({trace, lines}): void, select: function(string): void, destroy: function(): void}}
 */
export function waterfallView(root, { trace, lines, measured, context }) {
  const { url } = context;
  let critical = criticalTimes(criticalPath(trace));
  let shown = windowFrom(url.get("window"), trace.duration);
  let selected = trace.byId.has(url.get("span")) ? url.get("span") : null;
  let collapsed = collapsedByDepth();
  let details = null;
  let placed = null;
  let marks = new Map();
  let ended = false;

  const only = toggle("Only these", "only", false, () => {
    graph.update({ onlyMatches: isOn("only", false) });
  });
  const search = findBar({
    text: url.get("find") ?? "",
    trace,
    more: only,
    onFind: (text) => {
      url.set({ find: text || null });
      graph.update({ matches: search.matches });
    },
    onStep: (id) => select(id),
    onLeave: () => graph.focus(),
  });
  const path = toggle(
    "Critical path",
    "path",
    true,
    () => graph.update({ path: isOn("path", true) }),
    "What everything waited for: the dark line under the bars",
  );
  const dots = toggle(
    "Log lines",
    "lines",
    true,
    () => graph.update({ lines: linesShown() }),
    "Dots on the bars, at the time of each line",
  );
  const depth = h("select", { class: "select", "aria-label": "Levels shown", onchange: () => setDepth(depth.value) });
  const errors = h("button", {
    type: "button",
    class: "button",
    hidden: trace.errors === 0,
    onclick: () => {
      search.set("status=error");
      search.step(1);
    },
  }, "Errors");
  const whole = h(
    "button",
    {
      type: "button",
      class: "button",
      hidden: true,
      onclick: () => setWindow(windowOf(0, trace.duration, trace.duration)),
    },
    icon("zoomOut"),
    "All of the time",
  );
  const map = h("div", { class: "trace-minimap" });
  const main = h("div", { class: "trace-main" });
  const side = h("aside", { class: "trace-side", hidden: true, "aria-label": "The chosen span" });
  const note = h("p", { class: "trace-note quiet" });
  const element = h(
    "div",
    { class: "trace-waterfall" },
    map,
    h(
      "div",
      { class: "trace-tools", role: "toolbar", "aria-label": "Find and show" },
      search.element,
      errors,
      h("span", { class: "spacer" }),
      whole,
      path,
      dots,
      depth,
    ),
    h("div", { class: "trace-split" }, main, side),
    note,
  );
  root.append(element);
  fillDepths();
  only.setAttribute("aria-pressed", String(isOn("only", false)));

  const overview = minimap(map, { trace, window: shown, onWindow: setWindow });
  const graph = waterfall(main, {
    trace,
    critical,
    path: isOn("path", true),
    lines: linesShown(),
    window: shown,
    selected,
    collapsed,
    matches: search.matches,
    onlyMatches: isOn("only", false),
  }, { onSelect: select, onToggle: toggleSpan, onWindow: setWindow, onNext: search.step });
  showWindow();
  awaitLines(lines);
  const resized = new ResizeObserver(() => placeDetails());
  resized.observe(element);
  const fitted = new ResizeObserver(fit);
  fitted.observe(document.body);
  fit();
  if (selected) {
    search.update({ selected });
    openWay(selected);
    showDetails();
    graph.reveal(selected);
  }

  function isOn(name, usually) {
    return (url.get(name) ?? (usually ? "on" : "off")) !== "off";
  }

  function toggle(text, name, usually, changed, title = null) {
    const button = h("button", {
      type: "button",
      class: `button show-${name}`,
      "aria-pressed": isOn(name, usually),
      title,
      onclick: () => {
        const on = !isOn(name, usually);
        url.set({ [name]: on === usually ? null : on ? "on" : "off" });
        button.setAttribute("aria-pressed", String(on));
        changed();
      },
    }, text);
    return button;
  }

  function linesShown() {
    return isOn("lines", true) ? marks : new Map();
  }

  function awaitLines(promise) {
    promise.then((result) => {
      if (ended || promise !== lines) return;
      marks = marksOf(trace, result.byId);
      graph.update({ lines: linesShown() });
      note.textContent = result.cut ? `Of its log lines the first ${result.count} are shown here.` : "";
    }, (error) => {
      if (!ended) note.textContent = `The log lines are missing: ${error.message}`;
    });
  }

  function setWindow(next) {
    shown = next;
    url.set({ window: windowText(shown, trace.duration) });
    graph.update({ window: shown });
    showWindow();
  }

  function showWindow() {
    overview.update({ window: shown });
    whole.hidden = windowText(shown, trace.duration) === null;
  }

  function select(id) {
    selected = id && trace.byId.has(id) ? id : null;
    url.set({ span: selected });
    if (selected) openWay(selected);
    showDetails();
    graph.update({ selected });
    if (selected) graph.reveal(selected);
    search.update({ selected });
    context.announce(selected ? `Details of ${trace.byId.get(selected).name}` : "Details closed");
  }

  /** A chosen span has to be seen: nothing above it stays collapsed. */
  function openWay(id) {
    const closed = ancestors(trace.byId.get(id)).filter((span) => collapsed.has(span.id));
    if (!closed.length) return;
    collapsed = new Set(collapsed);
    for (const span of closed) collapsed.delete(span.id);
    graph.update({ collapsed });
  }

  function toggleSpan(id, close, { under }) {
    const span = trace.byId.get(id);
    if (!span) return;
    collapsed = new Set(collapsed);
    for (const one of under ? withChildrenUnder(span) : [id]) {
      if (close) collapsed.add(one);
      else collapsed.delete(one);
    }
    graph.update({ collapsed });
  }

  function collapsedByDepth() {
    const levels = Number(url.get("depth"));
    return Number.isInteger(levels) && levels > 0 ? collapsedFrom(trace, levels) : new Set();
  }

  function fillDepths() {
    const levels = Array.from({ length: Math.min(trace.depth, 12) - 1 }, (_, i) => i + 1);
    replace(
      depth,
      h("option", { value: "" }, "All levels"),
      levels.map((n) => h("option", { value: String(n) }, n === 1 ? "1 level" : `${n} levels`)),
    );
    depth.value = url.get("depth") ?? "";
    depth.hidden = trace.depth < 3;
  }

  function setDepth(value) {
    url.set({ depth: value || null });
    collapsed = collapsedByDepth();
    if (selected) openWay(selected);
    graph.update({ collapsed });
  }

  function showDetails() {
    details?.part.destroy();
    details = null;
    const span = selected ? trace.byId.get(selected) : null;
    if (span) {
      const box = h("div", { class: "details-box" });
      details = {
        box,
        part: spanDetails(box, {
          trace,
          span,
          critical: critical.get(span)?.time ?? 0,
          lines: lines.then((result) => result.byId),
          measured,
          context,
          onSelect: (id) => {
            select(id);
            graph.focus();
          },
          onFind: (text) => {
            search.set(text);
            search.focus();
          },
          onClose: () => {
            select(null);
            graph.focus();
          },
        }),
      };
    }
    placeDetails(true);
  }

  /** At the side where there is room, else under the span's own row. */
  function placeDetails(anew = false) {
    const where = !details ? null : element.clientWidth >= WIDE ? "side" : "row";
    if (where === placed && !anew) return;
    placed = where;
    side.hidden = where !== "side";
    if (where === "side") replace(side, details.box);
    else side.replaceChildren();
    graph.placeDetails(where === "row" ? details.box : null);
    if (where === "side") side.scrollTop = 0;
  }

  /** The rows take what is left of the window, so that the ruler and the tools stay in sight. */
  function fit() {
    const top = main.getBoundingClientRect().top + scrollY;
    const room = Math.max(320, innerHeight - Math.min(top, innerHeight * 0.55) - 24);
    element.style.setProperty("--room", `${Math.round(room)}px`);
  }

  return {
    update(next) {
      trace = next.trace;
      lines = next.lines;
      critical = criticalTimes(criticalPath(trace));
      shown = windowFrom(url.get("window"), trace.duration);
      // What stood in for a missing parent may have become that parent.
      const known = [selected, selected?.replace(/^missing /, "")].find((id) => trace.byId.has(id)) ?? null;
      if (known !== selected) url.set({ span: known });
      selected = known;
      fillDepths();
      search.update({ trace, selected });
      errors.hidden = trace.errors === 0;
      overview.update({ trace, window: shown });
      graph.update({ trace, critical, window: shown, matches: search.matches, selected });
      showDetails();
      awaitLines(lines);
    },
    /** What the address says now, after back or forward. */
    follow() {
      shown = windowFrom(url.get("window"), trace.duration);
      search.update({ text: url.get("find") ?? "" });
      graph.update({ window: shown, matches: search.matches });
      showWindow();
      const id = url.get("span");
      if (id !== selected) select(id);
    },
    select,
    destroy() {
      ended = true;
      details?.part.destroy();
      resized.disconnect();
      fitted.disconnect();
      overview.destroy();
      graph.destroy();
      element.remove();
    },
  };
}

/** Log lines as marks on bars: by span id, with their time in the trace. Those of no span are on the root's bar. */
function marksOf(trace, byId) {
  const marks = new Map();
  for (const [id, lines] of byId) {
    const known = id || trace.root?.spanId;
    const found = lines.map((line) => ({
      at: Number(BigInt(line.nano) - trace.startNano) / 1000,
      level: line.level,
      text: String(line.fields?.message ?? line.line),
    }));
    marks.set(known, [...(marks.get(known) ?? []), ...found].sort((one, other) => one.at - other.at));
  }
  return marks;
}
