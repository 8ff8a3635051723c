/**
 * What a pane of Explore shows, as it stands in the address: everything that is needed to show it again.
 *
 * @typedef {object} Pane
 * @property {"prometheus"|"loki"|"tempo"} source
 * @property {string} query - "" for a pane that shows where to begin
 * @property {string} view - one of VIEWS[source]; which apply depends on what the query answers
 * @property {"lines"|"bars"|"stacked"|"points"} style - of a graph
 * @property {number|null} step - seconds; null: by the range
 * @property {number|null} limit - log lines or traces; null: the source's usual
 * @property {number|null} spans - per set, of a search for traces
 * @property {"newest"|"oldest"} order - of log lines
 * @property {{from: string, to: string}|null} range - its own, when it is not that of the page
 */

export const SOURCES = {
  prometheus: { title: "Metrics", language: "promql", api: "Prometheus" },
  loki: { title: "Logs", language: "logql", api: "Loki" },
  tempo: { title: "Traces", language: "traceql", api: "Tempo" },
};

/** The words are those of the ready questions. */
export const VIEWS = {
  prometheus: { graph: "Graph", now: "Values now" },
  loki: { lines: "Lines", graph: "Graph", now: "Values now" },
  tempo: { traces: "Traces", spans: "Spans", graph: "Graph", trace: "Trace", "service map": "Service map" },
};

export const STYLES = { lines: "Lines", bars: "Bars", stacked: "Stacked", points: "Points" };

/** Past this an API is not asked: the answer would freeze the page. */
export const MOST = { limit: 5_000, spans: 100, step: 86_400 };

const DEFAULT_VIEW = { prometheus: "graph", loki: "lines", tempo: "traces" };

/** @returns {Pane} an empty one */
export function emptyPane(source = "prometheus") {
  return {
    source,
    query: "",
    view: DEFAULT_VIEW[source],
    style: "lines",
    step: null,
    limit: null,
    spans: null,
    order: "newest",
    range: null,
  };
}

/**
 * A pane from an address. Addresses are written by anybody: what makes no sense is left out.
 *
 * @param {string|null} text - JSON
 * @returns {Pane|null}
 */
export function readPane(text) {
  const told = parsed(text);
  if (!told || !Object.hasOwn(SOURCES, told.source)) return null;
  const pane = emptyPane(told.source);
  if (typeof told.query === "string") pane.query = told.query;
  if (Object.hasOwn(VIEWS[pane.source], told.view)) pane.view = told.view;
  if (Object.hasOwn(STYLES, told.style)) pane.style = told.style;
  for (const name of ["step", "limit", "spans"]) pane[name] = bounded(told[name], MOST[name]);
  if (told.order === "oldest") pane.order = "oldest";
  const { range } = told;
  if (typeof range?.from === "string" && typeof range?.to === "string") pane.range = { from: range.from, to: range.to };
  return pane;
}

/**
 * @param {Pane} pane
 * @returns {string} JSON without what is as usual
 */
export function writePane(pane) {
  const usual = emptyPane(pane.source);
  const said = Object.entries(pane).filter(([name, value]) => {
    return ["source", "query"].includes(name) || value !== usual[name];
  });
  return JSON.stringify(Object.fromEntries(said));
}

/** Another source is asked in another language: nothing of the old pane fits but its range. */
export function withSource(pane, source) {
  return { ...emptyPane(source), range: pane.range };
}

function parsed(text) {
  try {
    const value = JSON.parse(text ?? "null");
    return value !== null && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

function bounded(value, most) {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? Math.min(number, most) : null;
}
