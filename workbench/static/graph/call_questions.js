/**
 * What is asked about calls between services, of the metrics that Tempo makes of spans: how many, how many fail, how
 * long they take. Every picture of services asks these, so that a call is the same everywhere.
 */

/** The window of everything that is "now": twelve scrapes, as in the recording rules. */
export const WINDOW = "1m";

/** Spans that answer somebody. */
export const SERVED = 'span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER"';
const FAILED = 'status_code="STATUS_CODE_ERROR"';
const CALLS = "traces_spanmetrics_calls_total";
const GRAPH = "traces_service_graph_request";

/** Requests per second that services answer. */
export const answered = (window) => `sum by (service) (rate(${CALLS}{${SERVED}}[${window}]))`;
/** Those that they fail: 5xx, not 4xx. */
export const failedAnswers = (window) => `sum by (service) (rate(${CALLS}{${SERVED}, ${FAILED}}[${window}]))`;

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

/** The mean of calls, which the alert rules have a limit for. What sends no spans is not among them. */
export const callMean = (window, where = "") => ({
  id: "callMean",
  title: "Mean of calls",
  tells: "What a call takes on average, as the caller measures it.",
  unit: "s",
  expr:
    `${perEdge("client_seconds_sum", window, where, 'connection_type=""')}\n` +
    `/ (${perEdge("client_seconds_count", window, where, 'connection_type=""')} > 0)`,
});

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
