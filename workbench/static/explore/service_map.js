/** The services and the calls between them, from the metrics that Tempo makes of spans. */
import * as prometheus from "../data/prometheus.js";

const WINDOW = "5m";

/**
 * @param {string} selector - of the edges: `{client="frontend"}`
 * @param {{at: number, signal?: AbortSignal}} options
 * @returns {Promise<{nodes: object[], edges: object[]}>} for graph/node_graph.js
 */
export async function serviceMap(selector, { at, signal }) {
  const edges = selector.trim() || "{}";
  const by = (metric) => `sum by (client, server) (rate(traces_service_graph_${metric}${edges}[${WINDOW}]))`;
  const [calls, failed, seconds] = await Promise.all([
    prometheus.query(by("request_total"), { at, signal }),
    prometheus.query(by("request_failed_total"), { at, signal }),
    prometheus.query(`${by("request_server_seconds_sum")} / ${by("request_server_seconds_count")}`, { at, signal }),
  ]);
  return graphOf(calls, failed, seconds);
}

/**
 * @param {Array<{labels: {client: string, server: string}, value: number}>} calls - per second
 * @param {Array} failed - per second
 * @param {Array} seconds - mean time of a call
 */
export function graphOf(calls, failed, seconds) {
  const lookup = (list) => new Map(list.map(({ labels, value }) => [keyOf(labels), value]));
  const [failures, times] = [lookup(failed), lookup(seconds)];
  const edges = calls
    .filter(({ labels, value }) => labels.client && labels.server && value > 0)
    .map(({ labels, value }) => {
      const errors = (failures.get(keyOf(labels)) ?? 0) / value;
      const time = times.get(keyOf(labels));
      return {
        source: labels.client,
        target: labels.server,
        rate: value,
        errors,
        mainStat: `${amount(value)} req/s`,
        secondaryStat: time === undefined ? "" : `${amount(time * 1000)} ms`,
        status: statusOf(errors),
        weight: value,
      };
    });
  const names = [...new Set(edges.flatMap(({ source, target }) => [source, target]))];
  return { nodes: names.map((name) => nodeOf(name, edges)), edges };
}

function nodeOf(name, edges) {
  const incoming = edges.filter(({ target }) => target === name);
  const rate = incoming.reduce((sum, edge) => sum + edge.rate, 0);
  const errors = rate > 0 ? incoming.reduce((sum, edge) => sum + edge.errors * edge.rate, 0) / rate : 0;
  return {
    id: name,
    title: name,
    subtitle: "",
    kind: "service",
    mainStat: rate > 0 ? `${amount(rate)} req/s` : "",
    secondaryStat: rate > 0 ? `${amount(errors * 100)} % failed` : "",
    status: rate === 0 ? "unknown" : statusOf(errors),
    shares: [],
  };
}

/** Of a share of failed calls. */
function statusOf(errors) {
  if (errors > 0.05) return "bad";
  return errors > 0.01 ? "warning" : "good";
}

function keyOf({ client, server }) {
  return JSON.stringify([client, server]);
}

function amount(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
