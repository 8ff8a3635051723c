/** From a pane's state to its answer: which API is asked what, and what kind of answer it is. */
import { thinned } from "../chart/exemplars.js";
import { rangeKeeper } from "../data/incremental.js";
import * as loki from "../data/loki.js";
import * as prometheus from "../data/prometheus.js";
import * as tempo from "../data/tempo.js";
import { serviceGraph } from "../graph/service_graph.js";
import { isLogQuery } from "../logs/query_text.js";
import { serviceCalls } from "./service_map.js";
import { allowedStep, stepFor } from "./steps.js";

const TRACE_ID = /^\s*([0-9a-f]{16,32})\s*$/i;
const TRACEQL_METRICS = /\|\s*(rate|compare|(count|min|max|avg|sum|quantile|histogram)_over_time)\s*\(/;

/** Lines and traces that are asked for, unless somebody wants more. */
export const USUAL = { loki: 500, tempo: 20, spans: 3 };

/**
 * @typedef {object} Answer
 * @property {"series"|"values"|"lines"|"traces"|"spans"|"trace"|"map"} kind
 * @property {*} data - by kind: [{labels, times, values}], [{labels, time, value}], lines, found traces, one trace, or
 *   {nodes, edges, calls}
 * @property {Array} [exemplars] - of series
 * @property {string} told - what came, in a few words: "12 series"
 * @property {number|null} [step] - seconds
 * @property {{from: number, to: number}} range - unix seconds
 * @property {string[]} [warnings]
 */

/** In a graph of more series than this nobody could tell to which of them an exemplar belongs. */
const MOST_WITH_EXEMPLARS = 50;
/** A graph as wide as a page has room for more of them than a panel. */
const SHOWN_EXEMPLARS = { columns: 80, kept: 2 };

/** Which trace a query asks for, or null. */
export function traceIdIn(query) {
  return TRACE_ID.exec(query)?.[1].toLowerCase() ?? null;
}

/**
 * What a question will answer, as far as it shows in its text.
 *
 * @param {import("./state.js").Pane} pane
 * @returns {Answer["kind"]}
 */
export function kindOf({ source, query, view }) {
  if (source === "prometheus") return view === "now" ? "values" : "series";
  if (source === "loki") return isLogQuery(query) ? "lines" : view === "now" ? "values" : "series";
  if (view === "service map") return "map";
  if (traceIdIn(query)) return "trace";
  if (TRACEQL_METRICS.test(query)) return "series";
  return view === "spans" ? "spans" : "traces";
}

/** Asks for one pane, again and again; keeps what saves asking for all of a graph at each refresh. */
export class Asking {
  #metrics = rangeKeeper(prometheus.queryRange);

  /**
   * @param {import("./state.js").Pane} pane
   * @param {{from: number, to: number}} range - unix seconds
   * @param {{width: number, least: number, signal: AbortSignal}} how - CSS pixels of a graph; the shortest step
   * @returns {Promise<Answer>}
   */
  async ask(pane, range, { width, least, signal }) {
    const kind = kindOf(pane);
    const points = Math.min(Math.max(Math.floor(width / 3), 60), 600);
    const step = pane.step ? allowedStep(pane.step, range) : stepFor(range, { points, least });
    const answer = await this.#answers[`${pane.source} ${kind}`](pane, { ...range, step, signal });
    return { kind, range, step: kind === "series" ? step : null, ...answer };
  }

  #answers = {
    "prometheus series": async ({ query }, { from, to, step, signal }) => {
      const series = await this.#metrics(query, { from, to, step, signal });
      const { total, warnings = [] } = series;
      // Asked after it, so that a query that is refused is refused once. Without exemplars a graph is still a graph.
      const few = series.length > 0 && series.length <= MOST_WITH_EXEMPLARS;
      const dots = few ? await prometheus.exemplars(query, { from, to, signal }).catch(() => []) : [];
      return {
        data: series,
        exemplars: thinned(dots, { from, to }, SHOWN_EXEMPLARS),
        told: counted(total ?? series.length, "series", "series"),
        warnings,
      };
    },
    "prometheus values": async ({ query }, { to, signal }) => {
      return valuesAnswer(await prometheus.query(query, { at: to, signal }));
    },
    "loki lines": async ({ query, limit, order }, { from, to, signal }) => {
      const most = limit ?? USUAL.loki;
      const direction = order === "oldest" ? "forward" : "backward";
      const { lines, stats } = await loki.queryRange(query, { from, to, limit: most, direction, signal });
      const cut = lines.length >= most;
      return {
        data: lines,
        cut,
        told: `${counted(lines.length, "line", "lines")}${cut ? `, the ${order}` : ""}${read(stats)}`,
      };
    },
    "loki series": async ({ query }, { from, to, step, signal }) => {
      const found = await loki.queryRange(query, { from, to, step, signal });
      return { data: found.series, exemplars: [], told: counted(found.series.length, "series", "series") };
    },
    "loki values": async ({ query }, { to, signal }) => {
      return valuesAnswer(await loki.query(query, { at: to, signal }));
    },
    "tempo traces": (pane, how) => search(pane, how, USUAL.spans),
    "tempo spans": (pane, how) => search(pane, how, 10),
    "tempo series": async ({ query }, { from, to, step, signal }) => {
      const series = await tempo.metricsRange(query, { from, to, step, signal });
      return {
        data: series,
        exemplars: thinned(series.exemplars, { from, to }),
        told: counted(series.length, "series", "series"),
      };
    },
    "tempo trace": async ({ query }, { signal }) => {
      const id = traceIdIn(query);
      return { data: { id, otlp: await tempo.trace(id, { signal }) }, told: "1 trace" };
    },
    "tempo map": async ({ query }, { to, signal }) => {
      const calls = await serviceCalls(query, { at: to, signal });
      const graph = serviceGraph(calls);
      return {
        data: { ...graph, calls },
        told: `${counted(graph.nodes.length, "service", "services")}, ${counted(graph.edges.length, "call", "calls")}`,
      };
    },
  };
}

async function search({ query, limit, spans }, { from, to, signal }, usualSpans) {
  const most = limit ?? USUAL.tempo;
  const found = await tempo.search(query, { from, to, limit: most, spansPerSpanset: spans ?? usualSpans, signal });
  const cut = found.length >= most;
  return { data: found, cut, told: `${counted(found.length, "trace", "traces")}${cut ? ", there may be more" : ""}` };
}

function valuesAnswer(values) {
  return { data: values, told: counted(values.length, "value", "values") };
}

function counted(count, one, many) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** What Loki read to find the lines. */
function read(stats) {
  const { totalBytesProcessed: bytes, totalLinesProcessed: lines } = stats?.summary ?? stats ?? {};
  if (!lines) return "";
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 3);
  return ` of ${lines.toLocaleString("en")} read (${(bytes / 1000 ** power).toPrecision(3)} ${units[power]})`;
}
