/** Questions to the Loki API. Times are unix seconds; a line also keeps its time as text, to the nanosecond. */

import { ask } from "./http.js";
import { linesOf } from "./log_line.js";
import { nanosText, parseValue, secondsText, seriesOf } from "./numbers.js";

const API = "/api/loki/loki/api/v1";

/** Keeps what a query found in a line apart from the labels of its stream. */
const CATEGORIZE = { "X-Loki-Response-Encoding-Flags": "categorize-labels" };

export { linesOf };

/**
 * A query's lines, or for a metric query its series.
 *
 * @param {string} q
 * @param {{from: number|bigint, to: number|bigint, limit?: number, direction?: "backward"|"forward", step?: number,
 *   signal?: AbortSignal}} options
 * @returns {Promise<{kind: "lines", lines: Array<import("./log_line.js").Line>}|{kind: "series", series: Array}>}
 *   lines in the order asked for; bigints are unix nanoseconds
 */
export async function queryRange(q, { from, to, limit = 500, direction = "backward", step, signal }) {
  const params = {
    query: q,
    start: momentText(from),
    end: momentText(to),
    limit,
    direction,
    step: step === undefined ? null : secondsText(step),
  };
  const { data } = await ask(`${API}/query_range`, { params, signal, headers: CATEGORIZE });
  if (data.resultType === "streams") {
    return { kind: "lines", lines: linesOf(data.result, direction), stats: data.stats ?? null };
  }
  return { kind: "series", series: data.result.map(({ metric, values }) => seriesOf(metric, values ?? [])) };
}

/** A metric query's values at one moment: [{labels, time, value}]. */
export async function query(q, { at, signal } = {}) {
  const params = { query: q, time: at === undefined ? null : nanosText(at) };
  const { data } = await ask(`${API}/query`, { params, signal });
  if (data.resultType === "scalar") {
    return [{ labels: {}, time: data.result[0], value: parseValue(data.result[1]) }];
  }
  if (data.resultType === "streams") {
    return linesOf(data.result, "backward");
  }
  return data.result.map(({ metric, value }) => ({ labels: metric, time: value[0], value: parseValue(value[1]) }));
}

/** @returns {Promise<string[]>} names of stream labels */
export async function labelNames({ match, from, to, signal } = {}) {
  return (await ask(`${API}/labels`, { params: during(from, to, { query: match }), signal, urgent: true })).data ?? [];
}

/** @returns {Promise<string[]>} values of a stream label */
export async function labelValues(name, { match, from, to, signal } = {}) {
  const path = `${API}/label/${encodeURIComponent(name)}/values`;
  return (await ask(path, { params: during(from, to, { query: match }), signal, urgent: true })).data ?? [];
}

/** @returns {Promise<Array<Object<string, string>>>} label sets of streams */
export async function series(match, { from, to, signal } = {}) {
  return (await ask(`${API}/series`, { params: during(from, to, { "match[]": match }), signal, urgent: true })).data;
}

/** How many bytes each stream has: [{labels, time, value}], the largest first. */
export async function volume(q, { from, to, limit = 100, targetLabels, signal }) {
  const params = during(from, to, { query: q, limit, targetLabels: targetLabels?.join(",") });
  const { data } = await ask(`${API}/index/volume`, { params, signal });
  return data.result.map(({ metric, value }) => ({ labels: metric, time: value[0], value: parseValue(value[1]) }));
}

/** Fields that occur in the lines: [{label, type, cardinality, parsers}]. */
export async function detectedFields(q, { from, to, lineLimit, limit, signal }) {
  const params = during(from, to, { query: q, line_limit: lineLimit, limit });
  return (await ask(`${API}/detected_fields`, { params, signal })).fields ?? [];
}

/** What a query would read: {streams, chunks, bytes, entries}. */
export function stats(q, { from, to, signal }) {
  return ask(`${API}/index/stats`, { params: during(from, to, { query: q }), signal });
}

/** Kinds of lines: [{pattern, level, samples: [[unix seconds, count]]}]. */
export async function patterns(q, { from, to, step, signal }) {
  const params = during(from, to, { query: q, step: step === undefined ? null : secondsText(step) });
  return (await ask(`${API}/patterns`, { params, signal })).data ?? [];
}

/** A moment of a query: unix seconds, or unix nanoseconds as a bigint. */
function momentText(moment) {
  return typeof moment === "bigint" ? String(moment) : nanosText(moment);
}

function during(from, to, params) {
  return {
    ...params,
    start: from === undefined ? null : nanosText(from),
    end: to === undefined ? null : nanosText(to),
  };
}
