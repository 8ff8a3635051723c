/** The same panes in Grafana's Explore. Source: the state that Explore keeps in its own address, as lab/explore.py. */
import { kindOf } from "./asking.js";

/** Explore accepts ids of three letters for its panes. */
const IDS = ["lab", "two"];

/**
 * @param {string} grafanaUrl
 * @param {import("./state.js").Pane[]} panes - one or two
 * @param {{from: string, to: string}} texts - the page's time
 */
export function toGrafana(grafanaUrl, panes, texts) {
  const told = panes.map((pane, i) => [
    IDS[i],
    { datasource: pane.source, queries: [queryOf(pane)], range: pane.range ?? texts },
  ]);
  const query = new URLSearchParams({
    schemaVersion: "1",
    panes: JSON.stringify(Object.fromEntries(told)),
    orgId: "1",
  });
  return `${grafanaUrl.replace(/\/+$/, "")}/explore?${query}`;
}

function queryOf(pane) {
  const { source, query, view, limit } = pane;
  const common = { refId: "A", datasource: { type: source, uid: source } };
  if (source === "prometheus") {
    const now = view === "now";
    return { ...common, expr: query, range: !now, instant: now, exemplar: !now, editorMode: "code" };
  }
  if (source === "loki") return { ...common, expr: query, queryType: "range", editorMode: "code" };
  if (view === "service map") return { ...common, queryType: "serviceMap", serviceMapQuery: query };
  const kind = kindOf(pane);
  const table = kind === "traces" || kind === "spans" ? { tableType: kind } : {};
  return { ...common, queryType: "traceql", query, limit: limit ?? 20, ...table };
}
