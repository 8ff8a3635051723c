/** Short names for the series of one answer: what they have in common is said once. */
import { labelText } from "../editor/selectors.js";
import { quote } from "../editor/quoting.js";

/**
 * @param {Array<{labels: Object<string, string>}>} series
 * @param {string} query - the name where a series has no label
 * @returns {{names: string[], common: string}} a name for each; `common` as a selector, "" when there is nothing
 */
export function namesOf(series, query) {
  const shared = series.length > 1 ? commonLabels(series) : {};
  const names = series.map(({ labels }) => {
    const own = Object.entries(labels).filter(([label]) => !Object.hasOwn(shared, label));
    const metric = own.find(([label]) => label === "__name__")?.[1] ?? "";
    const rest = own.filter(([label]) => label !== "__name__").sort(([one], [other]) => (one < other ? -1 : 1));
    if (!rest.length) return metric || query.trim();
    // One label that differs needs no name.
    if (rest.length === 1 && !metric && series.length > 1) return rest[0][1] || `${rest[0][0]}=""`;
    return `${metric}{${rest.map(([label, value]) => `${labelText(label)}=${quote(value)}`).join(", ")}}`;
  });
  const { __name__: metric = "", ...rest } = shared;
  const parts = Object.entries(rest).map(([label, value]) => `${labelText(label)}=${quote(value)}`);
  return { names, common: metric || parts.length ? `${metric}${parts.length ? `{${parts.join(", ")}}` : ""}` : "" };
}

function commonLabels(series) {
  const [first, ...others] = series;
  return Object.fromEntries(
    Object.entries(first.labels).filter(([label, value]) => others.every(({ labels }) => labels[label] === value)),
  );
}

/**
 * The unit of a query's values, guessed from the names in it: Prometheus' names say it.
 *
 * @param {string} query
 * @param {"prometheus"|"loki"|"tempo"} source
 * @returns {string} a unit id of format/units.js
 */
export function unitOf(query, source) {
  const text = query.toLowerCase();
  if (source === "tempo") {
    return /(avg|min|max|quantile)_over_time\s*\(\s*(\w+:)?(\w*duration)/.test(text) ? "s" : "short";
  }
  if (source === "loki") {
    return /bytes_(rate|over_time)/.test(text) ? (text.includes("bytes_rate") ? "Bps" : "bytes") : "short";
  }
  if (/^\s*(count|group|changes|resets)\b/.test(text)) return "short";
  if (/histogram_quantile/.test(text)) return /_seconds/.test(text) ? "s" : /_bytes/.test(text) ? "bytes" : "short";
  if (/:ratio|_ratio\b/.test(text)) return "percentunit";
  if (/\b(rate|irate|increase)\s*\(/.test(text)) {
    // Seconds in a second, divided by a count: the mean time.
    if (/_seconds_sum/.test(text) && /_seconds_count/.test(text)) return "s";
    return /_bytes/.test(text) ? "Bps" : "short";
  }
  if (/_seconds(:|\b)/.test(text) && !/timestamp_seconds/.test(text)) return "s";
  return /_bytes\b/.test(text) ? "bytes" : "short";
}
