/**
 * Every number of this page: the query behind it, its window and what it says. The page asks these queries and no
 * others, and shows them to whoever wants to know how a number is measured.
 */

/** The window of everything that is "now": twelve scrapes, as in the recording rules. */
export const WINDOW = "1m";

const SERVER = 'span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER"';
const FAILED = 'status_code="STATUS_CODE_ERROR"';
const CALLS = "traces_spanmetrics_calls_total";
const LATENCY = "traces_spanmetrics_latency_bucket";
const GRAPH = "traces_service_graph_request";

const answered = (window) => `sum by (service) (rate(${CALLS}{${SERVER}}[${window}]))`;
const failedAnswers = (window) => `sum by (service) (rate(${CALLS}{${SERVER}, ${FAILED}}[${window}]))`;

/** The parts of a selector between its braces; nothing when there are none. */
const selector = (...conditions) => {
  const given = conditions.filter(Boolean);
  return given.length > 0 ? `{${given.join(", ")}}` : "";
};
const perEdge = (metric, window, ...conditions) =>
  `sum by (client, server, connection_type) (rate(${GRAPH}_${metric}${selector(...conditions)}[${window}]))`;

/** Without a pair of spans on both sides: visitors, databases. */
const ONE_SIDED = '"virtual_node|database"';

/**
 * The share of an edge's calls that the server failed.
 *
 * The service graph counts a call as failed when either of its spans says so, and a client's span does for every answer
 * from 400 on. So of a server's failed calls those are taken that its own spans call failures: all, if it has one
 * caller; in proportion, if it has several. Where the server sends no spans (a database), the client's word is all
 * there is.
 */
const failedShare = (window, where) => `(
    ${perEdge("failed_total", window, where, `connection_type!~${ONE_SIDED}`)}
    * on (server) group_left () clamp_max(
      label_replace(${failedAnswers(window)}, "server", "$1", "service", "(.*)")
      / on (server) (sum by (server) (rate(${GRAPH}_failed_total{connection_type!~${ONE_SIDED}}[${window}])) > 0),
      1)
  or ${perEdge("failed_total", window, where, `connection_type=~${ONE_SIDED}`)}
  or ${perEdge("total", window, where)} * 0
) / (${perEdge("total", window, where)} > 0)`;

const callQuantile = (q, window, where) => `histogram_quantile(${q}, sum by (client, server, connection_type, le) (
  rate(${GRAPH}_client_seconds_bucket${selector(where, 'connection_type!="virtual_node"')}[${window}])
  or rate(${GRAPH}_server_seconds_bucket${selector(where, 'connection_type="virtual_node"')}[${window}])
)) >= 0`;

/**
 * What is asked about calls over a window: the Map page asks the same over another one.
 *
 * @param {string} window  "1m"
 * @param {string} where  further conditions on the edges: 'client="frontend", server="backend"'
 */
export const callNumbers = (window, where = "") => [
  {
    id: "calls",
    title: "Calls per second",
    tells:
      "Pairs of spans, the caller's and the callee's, counted by Tempo's service graph. Visitors send no spans: a " +
      "request without a caller counts as theirs.",
    unit: "reqps",
    expr: perEdge("total", window, where),
  },
  {
    id: "callErrors",
    title: "Failed share",
    tells:
      "The share of calls that the callee failed: its span has the status error, which means 5xx. An answer like 404 " +
      "is the caller's doing; the service graph's own count includes it, so it is taken out here.",
    unit: "percentunit",
    expr: failedShare(window, where),
  },
  {
    id: "callP95",
    title: "p95 of calls",
    tells:
      "What 95 of 100 calls stay below, as the caller measures it: with the network and the wait for a free thread. " +
      "For visitors, as the callee measures it.",
    unit: "s",
    expr: callQuantile(0.95, window, where),
  },
];

/** The median of calls, which only the Map page shows. */
export const callMedian = (window, where = "") => ({
  id: "callP50",
  title: "p50 of calls",
  tells: "Half of the calls are faster than this, as the caller measures it.",
  unit: "s",
  expr: callQuantile(0.5, window, where),
});

/** What the service graph counts as failed, 4xx included. */
export const failedByGraph = (window, where = "") => ({
  id: "callFailures",
  title: "Failed, with 4xx",
  tells:
    "What the service graph itself counts: calls of which either span has an error. The caller's has one for every " +
    "answer from 400 on, so a 404 for an unknown product counts.",
  unit: "percentunit",
  expr:
    `(${perEdge("failed_total", window, where)} or ${perEdge("total", window, where)} * 0)\n` +
    `/ (${perEdge("total", window, where)} > 0)`,
});

/** Of services. */
export const SERVICE_NUMBERS = [
  {
    id: "up",
    title: "Answers",
    tells: "1 when the last scrape of the service's /metrics was answered, 0 when it was not.",
    unit: "none",
    expr: 'min by (service) (up{job!="loadtest"})',
  },
  {
    id: "requests",
    title: "Requests per second",
    tells: "Server spans that ended in the last minute; for a service without spans, what it counts itself.",
    unit: "reqps",
    expr: `${answered(WINDOW)}\nor on (service) service:requests:rate1m`,
  },
  {
    id: "errors",
    title: "Failed share",
    tells:
      "The share of those whose span has the status error: a 5xx, the service's own failure. A 404 is the caller's.",
    unit: "percentunit",
    expr:
      `(${failedAnswers(WINDOW)} or ${answered(WINDOW)} * 0)\n` +
      `/ (${answered(WINDOW)} > 0)\nor on (service) service:errors:ratio1m`,
  },
  {
    id: "p95",
    title: "p95",
    tells:
      "What 95 of 100 requests stay below, from the service's own histogram. For the database a request is a query, " +
      "without the wait for a connection.",
    unit: "s",
    expr:
      "service:request_duration_seconds:p95_1m\nor on (service) " +
      `histogram_quantile(0.95, sum by (service, le) (rate(${LATENCY}{${SERVER}}[${WINDOW}]))) >= 0`,
  },
];

/** Objectives and their budgets; none where no rules are loaded. */
export const OBJECTIVE_NUMBERS = [
  {
    id: "objective",
    title: "Objective",
    tells: "The share of requests that has to be good.",
    unit: "percentunit",
    expr: "slo:objective:ratio",
  },
  {
    id: "budget",
    title: "Error budget left",
    tells: "1 minus what six hours of misses have used of what the objective allows. Below 0 it is overspent.",
    unit: "percentunit",
    expr: "slo:error_budget_remaining:ratio",
  },
  {
    id: "bad",
    title: "Missed in the last 5 minutes",
    tells: "The share of requests that missed the objective.",
    unit: "percentunit",
    expr: "slo:bad:ratio_rate5m",
  },
  {
    id: "burn",
    title: "Burn rate over an hour",
    tells: "How many times faster than allowed the budget is used up; 1 is just allowed.",
    unit: "none",
    expr: "slo:burn_rate:1h",
  },
];

/** What arrives at the three backends; drawn over time. The counters are the real servers' own. */
export const ARRIVAL_NUMBERS = [
  { id: "samples", title: "Samples", counter: "prometheus_tsdb_head_samples_appended_total", backend: "Prometheus" },
  { id: "lines", title: "Log lines", counter: "loki_distributor_lines_received_total", backend: "Loki" },
  { id: "spans", title: "Spans", counter: "tempo_distributor_spans_received_total", backend: "Tempo" },
].map(({ counter, ...number }) => ({
  ...number,
  tells: `What ${number.backend} takes in per second, by its own counter.`,
  unit: "ops",
  expr: `sum(rate(${counter}[30s]))`,
}));

/** What was given up on the way. */
export const DROPPED = {
  id: "dropped",
  title: "Dropped telemetry",
  tells:
    "Log lines and spans that a service gave up in the last 15 minutes. Any at all means that pictures have holes.",
  unit: "short",
  expr: "sum by (service, signal) (increase(lab_telemetry_dropped_total[15m])) > 0",
};

/** The label by which the parts of a union are told apart. */
const NUMBER = "asked";

/**
 * One query for many numbers, so that a refresh is one request.
 *
 * @param {{id: string, expr: string}[]} numbers
 */
export function union(numbers) {
  return numbers.map(({ id, expr }) => `label_replace(${expr}, "${NUMBER}", "${id}", "", "")`).join("\nor\n");
}

/**
 * The answer to a union, by number.
 *
 * @param {{labels: Object<string, string>}[]} series  of an instant or a range query
 * @returns {Map<string, object[]>} for each number its series, without the label that told them apart
 */
export function byNumber(series) {
  const found = new Map();
  for (const one of series) {
    const { [NUMBER]: id, ...labels } = one.labels;
    if (!found.has(id)) found.set(id, []);
    found.get(id).push({ ...one, labels });
  }
  return found;
}
