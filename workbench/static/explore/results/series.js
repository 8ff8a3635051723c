/** Values over time, as a graph. */
import { timeSeries } from "../../chart/time_series.js";
import { traceAddress } from "../../addresses.js";
import { onThemeChange, serviceColour } from "../../colours.js";
import { h, replace } from "../../ui/dom.js";
import { menu } from "../../ui/menu.js";
import { questionsAbout, serviceIn } from "../correlations.js";
import { withLabel } from "../filters.js";
import { segmented } from "../segmented.js";
import { namesOf, unitOf } from "../series_names.js";
import { STYLES } from "../state.js";

/** A legend that says more than names is a table, while it is short enough to be read. */
const TABLE_UP_TO = 30;

/** Past this series are not drawn: nobody tells them apart, and the page gets slow. */
const MOST_DRAWN = 500;

const LOOKS = {
  lines: { draw: "line", stack: false, fill: 0, points: "auto" },
  bars: { draw: "bars", stack: false, fill: 60, points: "never" },
  stacked: { draw: "line", stack: true, fill: 35, points: "never" },
  points: { draw: "points", stack: false, fill: 0, points: "always" },
};

/**
 * @param {HTMLElement} root
 * @param {import("../pane.js").Tools} tools
 */
export function seriesResult(root, tools) {
  const place = h("div", { class: "result-graph" });
  const note = h("p", { class: "result-note" });
  replace(root, note, place);
  let chart = null;
  let drawn = "";
  let styled = "";
  let draw = () => {};
  const unwatch = onThemeChange(() => draw());

  return {
    update(answer, pane) {
      const shown = answer.data.slice(0, MOST_DRAWN);
      const { names, common } = namesOf(shown, pane.query);
      const look = {
        ...LOOKS[pane.style],
        unit: unitOf(pane.query, pane.source),
        legend: shown.length <= TABLE_UP_TO ? "table" : "list",
        calcs: shown.length <= TABLE_UP_TO ? ["mean", "max", "lastNotNull"] : [],
        height: 360,
        label: pane.query,
        onZoom: (from, to) => tools.setRange(from, to),
        onExemplar: (exemplar, event, anchor) => exemplarMenu(exemplar, event, anchor, tools),
        onSeries: (series, event, at) => seriesMenu(series, event, at, pane, tools),
      };
      if (chart === null) chart = timeSeries(place, look);
      else if (drawn !== looksOf(look)) chart.setOptions(look);
      drawn = looksOf(look);
      if (styled !== pane.style) {
        styled = pane.style;
        tools.bar(
          segmented({ label: "Style", options: STYLES, value: styled, onChange: (style) => tools.patch({ style }) }),
        );
      }
      const cut = answer.data.length > MOST_DRAWN
        ? `The first ${MOST_DRAWN} of ${answer.data.length.toLocaleString("en")} series. `
        : "";
      replace(note, cut, common ? ["All of ", h("code", {}, common)] : null);
      draw = () => {
        const colours = serviceColours(shown);
        const series = shown.map(({ labels, times, values }, i) => ({
          name: names[i],
          labels,
          times,
          values,
          colour: colours?.[i],
        }));
        chart.update({ series, exemplars: answer.exemplars ?? [], range: answer.range });
      };
      draw();
    },
    destroy() {
      unwatch();
      tools.bar(null);
      chart?.destroy();
    },
  };
}

/** Where each series is another service they have the services' own colours, as everywhere. */
function serviceColours(series) {
  const names = series.map(({ labels }) => serviceIn(labels));
  const distinct = new Set(names).size === names.length && !names.includes(null);
  return distinct && series.length > 1 ? names.map(serviceColour) : null;
}

/** What a new option list has to differ in. */
function looksOf({ draw, stack, unit, legend, height, label }) {
  return JSON.stringify([draw, stack, unit, legend, height, label]);
}

function exemplarMenu(exemplar, event, anchor, tools) {
  const { traceId, time } = exemplar;
  const labels = { ...exemplar.labels, ...exemplar.attributes };
  const trace = { title: "Open the trace beside this", source: "tempo", view: "trace", query: traceId };
  menu(
    anchor ?? pointOf(event),
    [
      { heading: traceId ? `One request: trace ${traceId.slice(0, 8)}…` : "One request" },
      traceId && { text: "Open the trace", href: traceAddress(traceId) },
      traceId && { text: trace.title, onSelect: () => tools.openBeside(trace) },
      ...questionsAbout({ labels, time }).map((question) => ({
        text: `${question.title}, beside this`,
        onSelect: () => tools.openBeside(question),
      })),
    ],
    { label: "About this request" },
  );
}

function seriesMenu(series, event, at, pane, tools) {
  const labels = Object.entries(series.labels ?? {}).filter(([label]) => label !== "__name__");
  const filters = pane.source === "prometheus" ? labels.slice(0, 6) : [];
  menu(
    at?.anchor ?? pointOf(event),
    [
      { heading: series.name },
      ...questionsAbout({ labels: series.labels ?? {}, time: at?.time ?? Date.now() / 1000 }).map((question) => ({
        text: `${question.title}, beside this`,
        onSelect: () => tools.openBeside(question),
      })),
      filters.length > 0 && { heading: "Only, or without, what has" },
      ...filters.flatMap(([label, value]) => [
        { text: `${label} = ${value}`, onSelect: () => tools.ask(withLabel(pane.query, label, value, "=")) },
        { text: `${label} ≠ ${value}`, onSelect: () => tools.ask(withLabel(pane.query, label, value, "!=")) },
      ]),
    ],
    { label: "About this series" },
  );
}

function pointOf(event) {
  return { x: event.clientX ?? 0, y: event.clientY ?? 0 };
}
