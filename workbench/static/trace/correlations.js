/** From a span to the questions it raises: its log lines, its service's metrics, traces like it. Pure: texts only. */

import { quote } from "../editor/quoting.js";
import { plainText } from "./find.js";

const HOUR = 3600;
/** Seconds around a trace in which its log lines are looked for: clocks differ, and a line may come after the span. */
const MARGIN_SECONDS = 60;
/** Minutes around a span in which a metric is worth a look. */
const AROUND_SECONDS = 15 * 60;

/** LogQL for the lines of a trace, wherever they were written. */
export const linesOfTrace = (traceId) => `{service=~".+"} |= ${quote(traceId)} | json`;

/** LogQL for the lines of one span. */
export const linesOfSpan = (span) =>
  `{service=~".+"} |= ${quote(span.traceId)} | json | span_id = ${quote(span.spanId)}`;

/** {from, to} in unix seconds. */
export const logRange = (trace) => ({
  from: trace.start - MARGIN_SECONDS,
  to: trace.start + trace.durationSeconds + MARGIN_SECONDS,
});

/** The time around a span in which its service's metrics tell something. The future has none. */
export function metricRange(trace, span, now = Date.now() / 1000) {
  const at = trace.start + span.start / 1e6;
  return { from: at - AROUND_SECONDS, to: Math.max(at + 60, Math.min(at + span.duration / 1e6 + AROUND_SECONDS, now)) };
}

/**
 * What Prometheus knows of a span's service and route: rate, errors, duration.
 * The lab's recording rules where they know the route, the service's own metrics where they are named as usual, and
 * what Tempo makes from spans for everything else.
 *
 * @param {import("./model.js").Span} span
 * @param {{names: Set<string>, routes: Set<string>}} measured metrics that there are; of which routes the rules have
 *   recorded rates, as `routeKey`s
 * @returns {Array<{title: string, of: string, query: string}>} `of` says what they are about
 */
export function metricQuestions(span, { names, routes }) {
  const route = text(span.attributes.get("http.route"));
  const table = text(span.attributes.get("db.collection.name"));
  const operation = text(span.attributes.get("db.operation.name"));
  // A service may count by something else than its routes, as the database does by operation and table.
  const recorded = [route, operation && table ? `${operation} ${table}` : null]
    .find((one) => one && routes.has(routeKey(span.service, one)));
  const service = quote(span.service);
  if (recorded && span.kind !== "client") {
    const of = `{service=${service}, route=${quote(recorded)}}`;
    return questions(`${span.service} ${recorded}`, [
      `service_route:requests:rate1m${of}`,
      `service_route:errors:ratio1m${of}`,
      `service_route:request_duration_seconds:p95_1m${of}`,
    ]);
  }
  if (names.has("traces_spanmetrics_calls_total")) {
    const of = `service=${service}, span_name=${quote(span.name)}`;
    const calls = (more = "") => `sum(rate(traces_spanmetrics_calls_total{${of}${more}}[1m]))`;
    return questions(`${span.service} ${span.name}`, [
      calls(),
      `${calls(', status_code="STATUS_CODE_ERROR"')} / ${calls()}`,
      `histogram_quantile(0.95, sum by (le) (rate(traces_spanmetrics_latency_bucket{${of}}[1m])))`,
    ]);
  }
  return [{ title: "Is it up", of: span.service, query: `up{service=${service}}` }];
}

/** PromQL for the services and routes whose rates were recorded lately. */
export const RECORDED_ROUTES = "count by (service, route) (last_over_time(service_route:requests:rate1m[10m]))";

/** One service and route as a member of a set. */
export const routeKey = (service, route) => JSON.stringify([service, route]);

/** TraceQL for traces with the same operation. `longer`: those in which it took longer than here. */
export function similarTraces(span, { longer = true } = {}) {
  const condition = longer && span.duration > 0 ? ` && duration > ${traceqlDuration(span.duration)}` : "";
  return `{ resource.service.name = ${quote(span.service)} && name = ${quote(span.name)}${condition} }`;
}

/** TraceQL for traces with a span that has this attribute. `scope`: "span" or "resource". */
export function attributeQuery(scope, name, value) {
  const key = /^[A-Za-z_][\w.-]*$/.test(name) ? `${scope}.${name}` : `${scope}.${quote(name)}`;
  const plain = typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
  return `{ ${key} = ${plain ? value : quote(plainText(value))} }`;
}

/** TraceQL for traces that began with the same operation. */
export const sameRoot = (root) =>
  `{ nestedSetParent < 0 && resource.service.name = ${quote(root.service)} && name = ${quote(root.name)} }`;

/** {from, to} around a trace in which a usual one is looked for. */
export const usualRange = (trace, now = Date.now() / 1000) => ({
  from: trace.start - HOUR,
  to: Math.min(now, trace.start + HOUR),
});

/**
 * Of traces that a search found the one that took as long as most: the one nearest to the median duration, and among
 * equals the one nearest in time. Null where there is no other.
 *
 * @param {Array<{traceId: string, start: number, durationSeconds: number}>} found
 */
export function usualOf(found, trace) {
  const others = found.filter((one) => one.traceId !== trace.traceId);
  if (others.length === 0) return null;
  const durations = others.map((one) => one.durationSeconds).sort((a, b) => a - b);
  const median = durations[Math.floor((durations.length - 1) / 2)];
  const distance = (one) => Math.abs(one.durationSeconds - median);
  const away = (one) => Math.abs(one.start - trace.start);
  return others.reduce((best, one) =>
    distance(one) < distance(best) || (distance(one) === distance(best) && away(one) < away(best)) ? one : best
  );
}

/** TraceQL knows durations in whole and broken units, not in scientific notation. */
function traceqlDuration(micros) {
  if (micros < 1) return `${Math.round(micros * 1000)}ns`;
  return micros < 1000 ? `${Math.floor(micros)}us` : `${Math.floor(micros) / 1000}ms`;
}

const questions = (of, [rate, errors, duration]) => [
  { title: "Requests per second", of, query: rate },
  { title: "Share of errors", of, query: errors },
  { title: "p95 duration", of, query: duration },
];

const text = (value) => (value === undefined || value === null || value === "" ? null : String(value));
