/** Log lines, with how many there were over time. */
import { histogramBars } from "../../chart/histogram_bars.js";
import { token } from "../../colours.js";
import * as loki from "../../data/loki.js";
import { reading } from "../../logs/fields.js";
import { logList } from "../../logs/list.js";
import { parseLogQuery, withCondition } from "../../logs/query_text.js";
import { h, replace } from "../../ui/dom.js";
import { questionsAboutLine } from "../correlations.js";
import { stepFor } from "../steps.js";
import { EMPTY } from "./empty.js";

/** Bars across the width. */
const BARS = 60;

/** Stages that let every line pass. */
const SHAPING = ["line_format", "label_format", "decolorize", "drop", "keep"];

const COLOURS = {
  error: "bad",
  critical: "bad",
  warn: "warning",
  warning: "warning",
  info: "series-1",
  debug: "unknown",
};

/**
 * @param {HTMLElement} root
 * @param {import("../pane.js").Tools} tools
 */
export function linesResult(root, tools) {
  const bars = h("div", { class: "result-volume" });
  const place = h("div", { class: "result-lines" });
  replace(root, bars, place);
  const volume = histogramBars(bars, { unit: "short", label: "Lines over time", height: 96, onZoom: tools.setRange });
  let list = null;
  let asked = null;
  let counted = false;

  return {
    update(answer, pane) {
      const options = {
        query: pane.query,
        newestFirst: pane.order === "newest",
        context: tools.context,
        onFilter: (field, value, operator, detail) => tools.ask(withCondition(pane.query, detail, operator)),
        actions: (line) =>
          questionsAboutLine(labelled(line)).map((question) => ({
            title: `${question.title}, beside this`,
            onSelect: () => tools.openBeside(question),
          })),
        empty: EMPTY.lines,
        maxHeight: 640,
      };
      if (list) list.setOptions(options);
      else list = logList(place, options);
      list.update(answer.data);
      if (!counted) volume.update({ series: [], range: answer.range });
      asked?.abort();
      asked = new AbortController();
      count(pane, answer.range, AbortSignal.any([asked.signal, tools.context.signal])).then(
        (series) => {
          counted = true;
          volume.update({ series, range: answer.range });
        },
        // The lines are what was asked for; without the picture they are still there.
        () => {},
      );
    },
    destroy() {
      asked?.abort();
      volume.destroy();
      list?.destroy();
    },
  };
}

/** A line's service may stand in its fields alone. */
function labelled(line) {
  const { service, traceId } = reading(line);
  return { time: line.time, traceId: traceId ?? null, labels: service ? { ...line.labels, service } : line.labels };
}

async function count({ query }, range, signal) {
  const step = stepFor(range, { points: BARS, least: 1 });
  const counted = `sum by (level) (count_over_time(${countable(query)} [${step}s]))`;
  const from = Math.ceil(range.from / step) * step;
  const { series } = await loki.queryRange(counted, { from, to: range.to, step, signal });
  return series.map(({ labels, times, values }) => {
    const name = labels.level || "no level";
    return { name, labels, times, values, colour: token(COLOURS[name] ?? "series-9") };
  });
}

/** The query without the stages behind its last filter: what lines look like does not change how many there are. */
export function countable(query) {
  const parts = parseLogQuery(query);
  if (!parts) return query;
  const last = parts.stages.findLast(({ kind, name }) => kind !== "parser" && !SHAPING.includes(name));
  return query.slice(0, last ? last.to : parts.selectorEnd);
}
