/**
 * The addresses of our pages, and nothing else that is an address: whoever links to a page asks here.
 *
 * Times in addresses are as Grafana writes them: "now-15m", "now", or unix milliseconds; in code they are unix seconds.
 */

/** The pages in the order of the navigation. */
export const PAGES = [
  { name: "now", title: "Now", path: "/", key: "n" },
  { name: "dashboards", title: "Dashboards", path: "/dashboards", key: "d" },
  { name: "explore", title: "Explore", path: "/explore", key: "e" },
  { name: "logs", title: "Logs", path: "/logs", key: "l" },
  { name: "trace", title: "Traces", path: "/trace", key: "t" },
  { name: "map", title: "Map", path: "/map", key: "m" },
];

/** @returns {string} the first page */
export function nowAddress(range) {
  return address("/", timesOf(range));
}

/** The first page with a service's panel open. */
export function serviceAddress(name, range) {
  return address("/", { service: name, ...timesOf(range) });
}

/** The list of dashboards. */
export function dashboardsAddress() {
  return "/dashboards";
}

/**
 * @param {string} uid
 * @param {{variables?: Object<string, string|string[]>, from?: number|string, to?: number|string, panel?: number}} view
 */
export function dashboardAddress(uid, { variables = {}, panel, ...range } = {}) {
  const chosen = Object.entries(variables).map(([name, value]) => [`var-${name}`, value]);
  return address(`/dashboards/${encodeURIComponent(uid)}`, {
    ...Object.fromEntries(chosen),
    panel,
    ...timesOf(range),
  });
}

/**
 * @param {Array<{source: "prometheus"|"loki"|"tempo", query: string, view?: string}>} panes one or two
 * @param {{from?: number|string, to?: number|string}} range
 */
export function exploreAddress(panes = [], range = {}) {
  const [left, right] = panes.map((pane) => JSON.stringify(pane));
  return address("/explore", { left, right, ...timesOf(range) });
}

/**
 * @param {string} id
 * @param {{span?: string, compare?: string}} view a span to open, a second trace to compare with
 */
export function traceAddress(id, { span, compare } = {}) {
  return address(`/trace/${encodeURIComponent(id)}`, { span, compare });
}

/** The page of traces, where one is looked for. */
export function tracesAddress({ query, ...range } = {}) {
  return address("/trace", { query, ...timesOf(range) });
}

/** Log lines; `query` is LogQL. */
export function logsAddress({ query, ...range } = {}) {
  return address("/logs", { query, ...timesOf(range) });
}

/** The service map, with a service in its middle. */
export function mapAddress({ focus, ...range } = {}) {
  return address("/map", { focus, ...timesOf(range) });
}

/** A moment as it stands in an address: relative text as it is, unix seconds as milliseconds. */
export function timeInAddress(moment) {
  return typeof moment === "number" ? String(Math.round(moment * 1000)) : moment;
}

/**
 * Our address for one of Grafana, for links that dashboards carry; null where there is none.
 *
 * @param {string} url "/d/uid?var-service=…", "/explore?panes=…", "/alerting/list"; without a host
 * @returns {string|null}
 */
export function fromGrafana(url) {
  let parsed;
  try {
    parsed = new URL(url, "http://grafana.invalid");
  } catch {
    return null;
  }
  const { pathname, searchParams } = parsed;
  const [, first, uid] = pathname.split("/");
  switch (first) {
    case "d":
      return uid ? dashboardAddress(decodeURIComponent(uid), dashboardView(searchParams)) : dashboardsAddress();
    case "dashboards":
      return dashboardsAddress();
    case "explore":
      return fromExplore(searchParams.get("panes"));
    case "alerting":
      // What fires, and what to look at first, stands on the first page.
      return `${nowAddress()}#alerts`;
    default:
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
  let found;
  try {
    found = Object.values(JSON.parse(panes ?? "")).slice(0, 2);
  } catch {
    return null;
  }
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
  return withBase(grafanaUrl, address(path, { ...Object.fromEntries(chosen), ...timesOf(range) }));
}

/** Grafana's Explore with one query. */
export function toGrafanaExplore(grafanaUrl, { source, query }, { from = "now-15m", to = "now" } = {}) {
  const datasource = { type: source, uid: source };
  const asked = source === "tempo" ? { query, queryType: "traceql", limit: 20 } : { expr: query };
  const pane = {
    datasource: source,
    queries: [{ refId: "A", datasource, ...asked }],
    range: { from: timeInAddress(from), to: timeInAddress(to) },
  };
  return withBase(
    grafanaUrl,
    address("/explore", { schemaVersion: 1, panes: JSON.stringify({ lab: pane }), orgId: 1 }),
  );
}

/** A trace in Grafana's Explore. */
export function toGrafanaTrace(grafanaUrl, id) {
  return toGrafanaExplore(grafanaUrl, { source: "tempo", query: id });
}

function timesOf({ from, to } = {}) {
  return { from: timeInAddress(from ?? null), to: timeInAddress(to ?? null) };
}

function withBase(base, path) {
  return base.replace(/\/+$/, "") + path;
}

function address(path, params) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") {
        pairs.append(name, String(one));
      }
    }
  }
  const query = pairs.toString();
  return query ? `${path}?${query}` : path;
}
