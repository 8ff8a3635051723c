/** Questions to the Tempo API. Times are unix seconds. */

import { ApiError, ask } from "./http.js";
import { secondsText } from "./numbers.js";

const API = "/api/tempo/api";

/**
 * Traces that a TraceQL query finds.
 *
 * @param {string} q
 * @param {{from: number, to: number, limit?: number, spansPerSpanset?: number, signal?: AbortSignal}} options
 * @returns {Promise<Array<{traceId: string, rootService: string, rootName: string, start: number,
 *   durationSeconds: number, services: Array<{name: string, spanCount: number, errorCount: number}>, spanSets: Array<{
 *   matched: number, attributes: Object<string, *>, spans: Array<{spanId: string, name: string|null, start: number,
 *   durationSeconds: number, attributes: Object<string, *>}>}>}>>}
 */
export async function search(q, { from, to, limit = 20, spansPerSpanset = 3, signal }) {
  const params = { q, start: Math.floor(from), end: Math.ceil(to), limit, spss: spansPerSpanset };
  const { traces } = await ask(`${API}/search`, { params, signal });
  return (traces ?? []).map(traceOf);
}

/**
 * A TraceQL metrics query over time.
 *
 * @returns {Promise<Array<{labels: Object<string, string>, times: Float64Array, values: Float64Array}>>} the list has
 *   `exemplars` in the form of prometheus.js
 */
export async function metricsRange(q, { from, to, step, signal }) {
  const params = { q, start: secondsText(from), end: secondsText(to), step: `${secondsText(step)}s` };
  const { series } = await ask(`${API}/metrics/query_range`, { params, signal });
  const found = (series ?? []).map(seriesOfMetrics);
  return Object.assign(found, { exemplars: (series ?? []).flatMap((one) => exemplarsOf(one, q)) });
}

/**
 * A trace as OTLP JSON: {resourceSpans: […]} or {batches: […]}, as it was answered.
 *
 * @param {string} id
 */
export async function trace(id, { signal } = {}) {
  const content = await ask(`${API}/v2/traces/${encodeURIComponent(id)}`, { signal });
  const found = content?.trace ?? {};
  if (!(found.resourceSpans ?? found.batches ?? []).length) {
    // The second version of this endpoint answers an unknown id with 200 and an empty trace.
    throw new ApiError({
      kind: "not found",
      backend: "tempo",
      status: 404,
      message: `No trace has the id ${id}.`,
      hint: "A new trace takes a moment to arrive. Old ones are deleted: docs/settings.md says when.",
    });
  }
  return found;
}

/** @returns {Promise<Array<{scope: string, tags: string[]}>>} names of attributes; scope null: all */
export async function tagNames({ scope, from, to, signal } = {}) {
  const params = { scope, start: from && Math.floor(from), end: to && Math.ceil(to) };
  return (await ask(`${API}/v2/search/tags`, { params, signal, urgent: true })).scopes ?? [];
}

/** @returns {Promise<Array<{type: string, value: string}>>} values of an attribute, of the spans that `q` selects */
export async function tagValues(tag, { q, from, to, signal } = {}) {
  const params = { q, start: from && Math.floor(from), end: to && Math.ceil(to) };
  const path = `${API}/v2/search/tag/${encodeURIComponent(tag)}/values`;
  return (await ask(path, { params, signal, urgent: true })).tagValues ?? [];
}

/** The value of an OTLP attribute in its JSON form. */
export function attributeValue(value = {}) {
  if ("stringValue" in value) {
    return value.stringValue;
  }
  if ("intValue" in value || "doubleValue" in value) {
    return Number(value.intValue ?? value.doubleValue);
  }
  if ("boolValue" in value) {
    return value.boolValue;
  }
  if ("arrayValue" in value) {
    return (value.arrayValue.values ?? []).map(attributeValue);
  }
  if ("kvlistValue" in value) {
    return attributesOf(value.kvlistValue.values);
  }
  return value.bytesValue ?? null;
}

/** OTLP's list of {key, value} as an object. */
export function attributesOf(list) {
  return Object.fromEntries((list ?? []).map(({ key, value }) => [key, attributeValue(value)]));
}

function traceOf(found) {
  return {
    // Tempo leaves out the zeros that an id begins with.
    traceId: found.traceID.padStart(32, "0"),
    rootService: found.rootServiceName ?? "",
    rootName: found.rootTraceName ?? "",
    start: seconds(found.startTimeUnixNano),
    // Below a millisecond there is none.
    durationSeconds: (found.durationMs ?? 0) / 1000,
    services: Object.entries(found.serviceStats ?? {}).map(([name, { spanCount = 0, errorCount = 0 }]) => ({
      name,
      spanCount,
      errorCount,
    })),
    spanSets: (found.spanSets ?? (found.spanSet ? [found.spanSet] : [])).map((set) => ({
      matched: set.matched ?? 0,
      attributes: attributesOf(set.attributes),
      spans: (set.spans ?? []).map((span) => ({
        spanId: span.spanID,
        name: span.name ?? null,
        start: seconds(span.startTimeUnixNano),
        durationSeconds: Number(span.durationNanos ?? 0) / 1e9,
        attributes: attributesOf(span.attributes),
      })),
    })),
  };
}

function seriesOfMetrics({ labels, samples = [] }) {
  const times = new Float64Array(samples.length);
  const values = new Float64Array(samples.length);
  samples.forEach(({ timestampMs, value }, index) => {
    times[index] = Number(timestampMs) / 1000;
    // Zero is left out of the answer.
    values[index] = Number(value ?? 0);
  });
  return { labels: namesAndValues(labels), times, values };
}

/** Of durations the values come in seconds, and the exemplars in nanoseconds. */
const OF_DURATIONS = /_over_time\(\s*(?:(?:span|trace):)?duration\b/;

function exemplarsOf({ labels, exemplars = [] }, q) {
  const unit = OF_DURATIONS.test(q) ? 1e9 : 1;
  return exemplars.map((one) => {
    const attributes = namesAndValues(one.labels);
    return {
      labels: namesAndValues(labels),
      time: Number(one.timestampMs) / 1000,
      value: Number(one.value ?? 0) / unit,
      traceId: attributes["trace:id"] ?? attributes.trace_id ?? null,
      attributes,
    };
  });
}

/** Attributes as labels: text, without the quotes that Tempo puts around strings in some versions. */
function namesAndValues(list) {
  return Object.fromEntries(Object.entries(attributesOf(list)).map(([name, value]) => [name, unquoted(String(value))]));
}

function unquoted(text) {
  return /^".*"$/s.test(text) ? text.slice(1, -1) : text;
}

function seconds(nanos) {
  return Number(BigInt(nanos ?? 0) / 1000n) / 1e6;
}
