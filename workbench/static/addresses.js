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
  { name: "exercises", title: "Exercises", path: "/exercises", key: "x" },
];

/** @returns {string} the first page */
export function nowAddress(range) {
  return addressOf("/", timesOf(range));
}

/** The first page with a service's panel open. */
export function serviceAddress(name, range) {
  return addressOf("/", { service: name, ...timesOf(range) });
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
  return addressOf(`/dashboards/${encodeURIComponent(uid)}`, {
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
  return addressOf("/explore", { left, right, ...timesOf(range) });
}

/**
 * @param {string} id
 * @param {{span?: string, compare?: string}} view a span to open, a second trace to compare with
 */
export function traceAddress(id, { span, compare } = {}) {
  return addressOf(`/trace/${encodeURIComponent(id)}`, { span, compare });
}

/** The page of traces, where one is looked for. */
export function tracesAddress({ query, ...range } = {}) {
  return addressOf("/trace", { query, ...timesOf(range) });
}

/** Log lines; `query` is LogQL. */
export function logsAddress({ query, ...range } = {}) {
  return addressOf("/logs", { query, ...timesOf(range) });
}

/** The service map, with a service in its middle. */
export function mapAddress({ focus, ...range } = {}) {
  return addressOf("/map", { focus, ...timesOf(range) });
}

/** The path of exercises. */
export function exercisesAddress() {
  return "/exercises";
}

/** One exercise, beside Explore. */
export function exerciseAddress(name) {
  return `/exercises/${encodeURIComponent(name)}`;
}

/** The instructor's page, which no other page leads to but the menu. */
export function faultsAddress() {
  return "/faults";
}

/** A moment as it stands in an address: relative text as it is, unix seconds as milliseconds. */
export function timeInAddress(moment) {
  return typeof moment === "number" ? String(Math.round(moment * 1000)) : moment;
}

/** A range as `from` and `to` stand in an address; null where it says nothing. */
export function timesOf({ from, to } = {}) {
  return { from: timeInAddress(from ?? null), to: timeInAddress(to ?? null) };
}

/** A path with parameters; those without a value are left out, a list is one parameter for each. */
export function addressOf(path, params) {
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
