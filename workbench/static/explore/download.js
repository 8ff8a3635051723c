/** An answer as the text of a file. */
import { csv } from "../format/csv.js";
import { iso } from "../format/time.js";

/**
 * @param {import("./asking.js").Answer} answer
 * @returns {string} one row a point, value, line, trace or span
 */
export function csvOf({ kind, data }) {
  return csv(ROWS[kind]?.(data) ?? []);
}

/** @param {import("./asking.js").Answer} answer @returns {string} JSON */
export function jsonOf({ kind, data }) {
  const plain = kind === "series"
    ? data.map(({ labels, times, values }) => ({ labels, points: pairs(times, values) }))
    : data;
  return `${JSON.stringify(kind === "trace" ? data.otlp : plain, null, 1)}\n`;
}

const ROWS = {
  series: (series) => {
    const names = labelNames(series);
    const rows = series.flatMap(({ labels, times, values }) => {
      const told = names.map((name) => labels[name] ?? "");
      return pairs(times, values).map(([time, value]) => [iso(time), ...told, value]);
    });
    return [["time", ...names, "value"], ...rows];
  },
  values: (values) => {
    const names = labelNames(values);
    return [
      ["time", ...names, "value"],
      ...values.map(({ labels, time, value }) => [iso(time), ...names.map((name) => labels[name] ?? ""), value]),
    ];
  },
  lines: (lines) => {
    const names = labelNames(lines);
    return [
      ["time", ...names, "line"],
      ...lines.map(({ time, labels, line }) => [iso(time), ...names.map((name) => labels[name] ?? ""), line]),
    ];
  },
  traces: (traces) => [
    ["trace_id", "start", "service", "name", "duration_seconds"],
    ...traces.map((
      trace,
    ) => [trace.traceId, iso(trace.start), trace.rootService, trace.rootName, trace.durationSeconds]),
  ],
  spans: (traces) => [
    ["trace_id", "span_id", "start", "name", "duration_seconds"],
    ...traces.flatMap(({ traceId, spanSets }) =>
      spanSets.flatMap(({ spans }) =>
        spans.map((span) => [traceId, span.spanId, iso(span.start), span.name ?? "", span.durationSeconds])
      )
    ),
  ],
  map: ({ calls }) => [
    ["client", "server", "requests_per_second", "failed_share"],
    ...calls.map(({ client, server, calls: rate, errors }) => [client, server, rate, errors]),
  ],
};

function pairs(times, values) {
  return Array.from(times, (time, i) => [time, values[i]]);
}

function labelNames(list) {
  return [...new Set(list.flatMap(({ labels }) => Object.keys(labels)))].sort();
}
