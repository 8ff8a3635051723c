/** Questions to the Prometheus API. Times are unix seconds, labels are objects. */

import { ask } from "./http.js";
import { parseValue, secondsText, seriesOf } from "./numbers.js";

const API = "/api/prometheus/api/v1";

/** More series than this are not drawn: the page says so and keeps the first. */
export const MOST_SERIES = 10000;

/**
 * A query's values over time.
 *
 * @param {string} expr
 * @param {{from: number, to: number, step: number, signal?: AbortSignal}} options seconds
 * @returns {Promise<Array<{labels: Object<string, string>, times: Float64Array, values: Float64Array}>>} the list has
 *   `total`, how many series there were, and `warnings`
 */
export async function queryRange(expr, { from, to, step, signal }) {
  const params = { query: expr, start: secondsText(from), end: secondsText(to), step: secondsText(step) };
  const { data, warnings } = await answer("query_range", { params, signal });
  const series = data.result.slice(0, MOST_SERIES).map(({ metric, values }) => seriesOf(metric, values ?? []));
  return Object.assign(series, { total: data.result.length, warnings });
}

/**
 * A query's values at one moment.
 *
 * @param {string} expr
 * @param {{at?: number, signal?: AbortSignal}} options by default now
 * @returns {Promise<Array<{labels: Object<string, string>, time: number, value: number}>>}
 */
export async function query(expr, { at, signal } = {}) {
  const params = { query: expr, time: at === undefined ? null : secondsText(at) };
  const { data } = await answer("query", { params, signal });
  if (data.resultType === "scalar" || data.resultType === "string") {
    const [time, value] = data.result;
    // A string is no number: it is shown as it is.
    const text = data.resultType === "string" ? { text: String(value) } : {};
    return [{ labels: {}, time, value: parseValue(value), ...text }];
  }
  return data.result.slice(0, MOST_SERIES).map(({ metric, value, values }) => {
    // A range selector answers a matrix; the last value is what it is now.
    const [time, text] = value ?? values?.at(-1) ?? [NaN, "NaN"];
    return { labels: metric, time, value: parseValue(text) };
  });
}

/**
 * The requests that were kept as examples of what a query counts.
 *
 * @returns {Promise<Array<{labels: Object<string, string>, time: number, value: number, traceId: string|null,
 *   attributes: Object<string, string>}>>} labels are the series'
 */
export async function exemplars(expr, { from, to, signal }) {
  const params = { query: expr, start: secondsText(from), end: secondsText(to) };
  const { data } = await answer("query_exemplars", { params, signal });
  return (data ?? []).flatMap(({ seriesLabels, exemplars: found }) =>
    found.map(({ labels, value, timestamp }) => ({
      labels: seriesLabels,
      time: Number(timestamp),
      value: parseValue(value),
      traceId: labels.trace_id ?? labels.traceID ?? null,
      attributes: labels,
    }))
  );
}

/** @returns {Promise<string[]>} names of metrics */
export function metricNames(options = {}) {
  return labelValues("__name__", options);
}

/** @returns {Promise<string[]>} names of labels, of the series that `match` selects */
export async function labelNames({ match, from, to, signal } = {}) {
  return (await answer("labels", { params: among(match, from, to), signal, urgent: true })).data;
}

/** @returns {Promise<string[]>} values of a label, in the series that `match` selects */
export async function labelValues(name, { match, from, to, signal } = {}) {
  const path = `label/${encodeURIComponent(name)}/values`;
  return (await answer(path, { params: among(match, from, to), signal, urgent: true })).data;
}

/** @returns {Promise<Object<string, Array<{type: string, help: string, unit: string}>>>} by metric */
export async function metadata({ metric, signal } = {}) {
  return (await answer("metadata", { params: { metric }, signal, urgent: true })).data;
}

/** @returns {Promise<Array<Object<string, string>>>} label sets of the series that selectors match */
export async function series(match, { from, to, limit, signal } = {}) {
  return (await answer("series", { params: { ...among(match, from, to), limit }, signal, urgent: true })).data;
}

/** @returns {Promise<Array<{labels, annotations, state: "pending"|"firing", activeAt: string, value: string}>>} */
export async function alerts({ signal } = {}) {
  return (await answer("alerts", { signal })).data.alerts;
}

/** @returns {Promise<Array<{name: string, file: string, rules: Array}>>} groups of rules */
export async function rules({ type, signal } = {}) {
  return (await answer("rules", { params: { type }, signal })).data.groups;
}

/**
 * @returns {Promise<Array<{labels, scrapeUrl, health: "up"|"down"|"unknown", lastError, lastScrape}>>} active targets
 */
export async function targets({ signal } = {}) {
  return (await answer("targets", { params: { state: "active" }, signal })).data.activeTargets;
}

function answer(path, { params = {}, signal, urgent }) {
  // Prometheus, and the store in its place, take a form too: an expression may be longer than an address can be.
  const long = String(params.query ?? "").length > 1500;
  return ask(`${API}/${path}`, { params, method: long ? "POST" : "GET", signal, urgent });
}

function among(match, from, to) {
  return {
    "match[]": match ?? null,
    start: from === undefined ? null : secondsText(from),
    end: to === undefined ? null : secondsText(to),
  };
}
