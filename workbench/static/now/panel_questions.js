/** What the panel of a service or of a call asks: three charts, log lines, traces. Pure. */

import { escapeRegExp, quote } from "../editor/quoting.js";
import { callMedian, callNumbers, failedByGraph, SERVED, WINDOW } from "../graph/call_questions.js";
import { WORLD } from "../graph/service_graph.js";
import { SERVICE_NUMBERS } from "./questions.js";

/**
 * A chart: its title, what it tells, and for each of its queries how its series are named.
 *
 * @typedef {{id: string, title: string, tells: string, unit: string, queries: {expr: string, name: string}[],
 *     exemplars?: string}} ChartQuestion  `name` may have {{label}}
 */

/**
 * @param {string} service
 * @returns {{charts: ChartQuestion[], lines: string, slow: (seconds: number) => string, failed: string}}
 */
export function questionsOfService(service) {
  const name = quote(service);
  const spans = `{service=${name}, ${SERVED}}`;
  const failed = `{service=${name}, ${SERVED}, status_code="STATUS_CODE_ERROR"}`;
  const [, , errors] = SERVICE_NUMBERS;
  const quantile = (q, short) =>
    `service:request_duration_seconds:${short}_1m{service=${name}}\nor on (service) ` +
    `histogram_quantile(${q}, sum by (service, le) (rate(traces_spanmetrics_latency_bucket${spans}[${WINDOW}]))) >= 0`;
  return {
    charts: [
      {
        id: "rate",
        title: "Requests per second",
        tells: "Server spans that ended, by what they did.",
        unit: "reqps",
        queries: [
          {
            expr: `sum by (span_name) (rate(traces_spanmetrics_calls_total${spans}[${WINDOW}]))`,
            name: "{{span_name}}",
          },
        ],
      },
      {
        id: "errors",
        title: "Failed share",
        tells: errors.tells,
        unit: "percentunit",
        queries: [
          {
            expr:
              `(sum by (span_name) (rate(traces_spanmetrics_calls_total${failed}[${WINDOW}]))\n` +
              `or sum by (span_name) (rate(traces_spanmetrics_calls_total${spans}[${WINDOW}])) * 0)\n` +
              `/ (sum by (span_name) (rate(traces_spanmetrics_calls_total${spans}[${WINDOW}])) > 0)`,
            name: "{{span_name}}",
          },
        ],
      },
      {
        id: "duration",
        title: "Duration",
        tells: "What 50, 95 and 99 of 100 requests stay below. Each diamond is one request: it opens its trace.",
        unit: "s",
        queries: [
          [0.5, "p50"],
          [0.95, "p95"],
          [0.99, "p99"],
        ].map(([q, short]) => ({ expr: quantile(q, short), name: short })),
        exemplars: `traces_spanmetrics_latency_bucket${spans}`,
      },
    ],
    lines: `{service=${name}}`,
    // Who is not asked but told, by messages, is at work in consumers.
    slow: (seconds) =>
      `{ resource.service.name = ${name} && (kind = server || kind = consumer) ` +
      `&& duration > ${milliseconds(seconds)}ms }`,
    failed: `{ resource.service.name = ${name} && status = error }`,
  };
}

/**
 * @param {string} client  `WORLD` for visitors
 * @param {string} server
 */
export function questionsOfCall(client, server) {
  const [from, to] = [quote(client), quote(server)];
  const where = `client=${from}, server=${to}`;
  const [calls, errors, p95] = callNumbers(WINDOW, where);
  const isWorld = client === WORLD;
  const ends = isWorld ? [server] : [client, server];
  // A call is a client's span with a server's span below it; visitors' calls have no client's span.
  const pair = (ofClient, ofServer) =>
    isWorld
      ? `{ resource.service.name = ${to} && kind = server && span:parentID = nil${ofServer} }`
      : `{ resource.service.name = ${from}${ofClient} } > { resource.service.name = ${to}${ofServer} }`;
  return {
    charts: [
      {
        id: "rate",
        title: "Calls per second",
        tells: calls.tells,
        unit: "reqps",
        queries: [{ expr: calls.expr, name: "calls" }],
      },
      {
        id: "errors",
        title: "Failed share",
        tells: errors.tells,
        unit: "percentunit",
        queries: [
          { expr: errors.expr, name: "failed" },
          { expr: failedByGraph(WINDOW, where).expr, name: "with 4xx" },
        ],
      },
      {
        id: "duration",
        title: "Duration of calls",
        tells: `${p95.tells} What the callee measures is less: the difference is the network and waiting.`,
        unit: "s",
        queries: [
          { expr: callMedian(WINDOW, where).expr, name: "p50" },
          { expr: p95.expr, name: "p95" },
          {
            expr:
              "histogram_quantile(0.95, sum by (client, server, le) (rate(" +
              `traces_service_graph_request_server_seconds_bucket{${where}}[${WINDOW}]))) >= 0`,
            name: "p95, as the callee measures",
          },
        ],
        exemplars: `traces_service_graph_request_${isWorld ? "server" : "client"}_seconds_bucket{${where}}`,
      },
    ],
    lines: `{service=~${quote(ends.map(escapeRegExp).join("|"))}, level=~"warning|error|critical"}`,
    slow: (seconds) => pair("", ` && duration > ${milliseconds(seconds)}ms`),
    failed: isWorld ? pair("", " && status = error") : pair(" && status = error", ""),
  };
}

function milliseconds(seconds) {
  return Math.max(0, Math.floor(seconds * 1e6) / 1e3);
}
