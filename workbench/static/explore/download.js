/** An answer as a file. */
import { csv } from "../format/csv.js";
import { h } from "../ui/dom.js";

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
      return pairs(times, values).map(([time, value]) => [moment(time), ...told, value]);
    });
    return [["time", ...names, "value"], ...rows];
  },
  values: (values) => {
    const names = labelNames(values);
    return [
      ["time", ...names, "value"],
      ...values.map(({ labels, time, value }) => [moment(time), ...names.map((name) => labels[name] ?? ""), value]),
    ];
  },
  lines: (lines) => {
    const names = labelNames(lines);
    return [
      ["time", ...names, "line"],
      ...lines.map(({ time, labels, line }) => [moment(time), ...names.map((name) => labels[name] ?? ""), line]),
    ];
  },
  traces: (traces) => [
    ["trace_id", "start", "service", "name", "duration_seconds"],
    ...traces.map((
      trace,
    ) => [trace.traceId, moment(trace.start), trace.rootService, trace.rootName, trace.durationSeconds]),
  ],
  spans: (traces) => [
    ["trace_id", "span_id", "start", "name", "duration_seconds"],
    ...traces.flatMap(({ traceId, spanSets }) =>
      spanSets.flatMap(({ spans }) =>
        spans.map((span) => [traceId, span.spanId, moment(span.start), span.name ?? "", span.durationSeconds])
      )
    ),
  ],
  map: ({ edges }) => [
    ["client", "server", "requests_per_second", "failed_share"],
    ...edges.map(({ source, target, rate, errors }) => [source, target, rate, errors]),
  ],
};

/** Hands a text to the browser as a file. */
export function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: address, download: name }).click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function pairs(times, values) {
  return Array.from(times, (time, i) => [time, values[i]]);
}

function labelNames(list) {
  return [...new Set(list.flatMap(({ labels }) => Object.keys(labels)))].sort();
}

function moment(seconds) {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : "";
}
