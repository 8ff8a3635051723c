/** The addresses of Grafana: ours for those that dashboards carry, and its own for what our pages show. */

import { addressOf, dashboardAddress, dashboardsAddress, exploreAddress, nowAddress, timesOf } from "./addresses.js";

/** Grafana's Explore accepts ids of three letters for its panes. */
const PANE_IDS = ["lab", "two"];

/**
 * Our address for one of Grafana, for links that dashboards carry; null where there is none.
 *
 * @param {string} url "/d/uid?var-service=…", "/explore?panes=…", "/alerting/list"; without a host
 * @returns {string|null}
 */
export function fromGrafana(url) {
  try {
    const { pathname, searchParams } = new URL(url, "http://grafana.invalid");
    const [, first, uid] = pathname.split("/");
    switch (first) {
      case "d":
        return uid ? dashboardAddress(decodeURIComponent(uid), dashboardView(searchParams)) : dashboardsAddress();
      case "dashboards":
        return dashboardsAddress();
      case "explore":
        return fromExplore(JSON.parse(searchParams.get("panes") ?? ""));
      case "alerting":
        // What fires, and what to look at first, stands on the first page.
        return `${nowAddress()}#alerts`;
      default:
        return null;
    }
  } catch {
    // No address, a broken escape in it, or no JSON where there should be some: it leads nowhere.
    return null;
  }
}

function dashboardView(params) {
  const variables = {};
  for (const name of params.keys()) {
    if (name.startsWith("var-")) {
      variables[name.slice(4)] = params.getAll(name);
    }
  }
  return { variables, panel: params.get("viewPanel"), from: params.get("from"), to: params.get("to") };
}

/** The first query of each of two panes; their range is the first one's. */
function fromExplore(panes) {
  const found = Object.values(panes).slice(0, 2);
  const asked = found.flatMap(({ datasource, queries }) => {
    const [{ expr, query, datasource: own } = {}] = queries ?? [];
    const source = own?.uid ?? datasource;
    return ["prometheus", "loki", "tempo"].includes(source) ? [{ source, query: expr ?? query ?? "" }] : [];
  });
  return asked.length > 0 ? exploreAddress(asked, found[0].range) : null;
}

/** A dashboard in Grafana. */
export function toGrafanaDashboard(grafanaUrl, uid, { variables = {}, ...range } = {}) {
  const chosen = Object.entries(variables).map(([name, value]) => [`var-${name}`, value]);
  const path = `/d/${encodeURIComponent(uid)}`;
  return withBase(grafanaUrl, addressOf(path, { ...Object.fromEntries(chosen), ...timesOf(range) }));
}

/**
 * Grafana's Explore. Source: the state that it keeps in its own address, as lab/explore.py writes it.
 *
 * @param {string} grafanaUrl
 * @param {Array<{source: "prometheus"|"loki"|"tempo", query: string, view?: string, limit?: number,
 *   table?: "traces"|"spans", range?: {from: string, to: string}}>} panes one or two; `table` of what Tempo finds
 * @param {{from?: number|string, to?: number|string}} range of panes without their own
 */
export function toGrafanaExplore(grafanaUrl, panes, { from = "now-15m", to = "now" } = {}) {
  const told = panes.map((pane, i) => [
    PANE_IDS[i],
    { datasource: pane.source, queries: [queryOf(pane)], range: pane.range ?? timesOf({ from, to }) },
  ]);
  const state = { schemaVersion: 1, panes: JSON.stringify(Object.fromEntries(told)), orgId: 1 };
  return withBase(grafanaUrl, addressOf("/explore", state));
}

/** A trace in Grafana's Explore. */
export function toGrafanaTrace(grafanaUrl, id) {
  return toGrafanaExplore(grafanaUrl, [{ source: "tempo", query: id }]);
}

function queryOf({ source, query, view, limit, table }) {
  const common = { refId: "A", datasource: { type: source, uid: source } };
  if (source === "prometheus") {
    const now = view === "now";
    return { ...common, expr: query, range: !now, instant: now, exemplar: !now, editorMode: "code" };
  }
  if (source === "loki") return { ...common, expr: query, queryType: "range", editorMode: "code" };
  if (view === "service map") return { ...common, queryType: "serviceMap", serviceMapQuery: query };
  const shown = table ? { tableType: table } : {};
  return { ...common, queryType: "traceql", query, limit: limit ?? 20, ...shown };
}

function withBase(base, path) {
  return base.replace(/\/+$/, "") + path;
}
