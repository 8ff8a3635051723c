/**
 * Every number of this page: the query behind it, its window and what it says. The page asks these queries and no
 * others, and shows them to whoever wants to know how a number is measured.
 *
 * Those about calls are in graph/call_questions.js: other pages ask them, too.
 */

import { answered, failedAnswers, SERVED, WINDOW } from "../graph/call_questions.js";

const LATENCY = "traces_spanmetrics_latency_bucket";

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
      `histogram_quantile(0.95, sum by (service, le) (rate(${LATENCY}{${SERVED}}[${WINDOW}]))) >= 0`,
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
