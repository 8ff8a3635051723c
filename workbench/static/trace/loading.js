/** Getting a trace: looking again while it may be on its way, and the log lines that belong to it. */

import { ApiError } from "../data/http.js";
import * as loki from "../data/loki.js";
import * as prometheus from "../data/prometheus.js";
import * as tempo from "../data/tempo.js";
import { linesOfTrace, logRange, RECORDED_ROUTES, routeKey } from "./correlations.js";
import { flatSpans } from "./otlp.js";

/** Spans leave a service in batches, and Tempo takes a moment: seconds to wait before each further look. */
const PAUSES = [0.5, 0.5, 1, 1, 1, 2, 2];
const MOST_LINES = 1000;
/** Seconds after a trace began by which the rules have surely counted it. */
const RECORDED_SECONDS = 60;

/**
 * Tempo's answer for an id, or null where it knows none, even after some time.
 * @param {string} id
 * @param {{signal: AbortSignal, again?: boolean, onWaiting?: function(number, number): void}} options
 *   `again`: whether to look again; `onWaiting(look, looks)` before each further look
 */
export async function loadTrace(id, { signal, again = true, onWaiting = () => {} }) {
  const pauses = again ? PAUSES : [];
  for (let look = 0;; look += 1) {
    const answer = await found(id, signal);
    if (answer || look >= pauses.length) return answer;
    onWaiting(look + 1, pauses.length);
    await pause(pauses[look], signal);
  }
}

async function found(id, signal) {
  try {
    const answer = await tempo.trace(id, { signal });
    // Tempo's v2 answers an unknown id with an empty trace.
    return answer && flatSpans(answer).length ? answer : null;
  } catch (error) {
    if (error instanceof ApiError && error.kind === "not found") return null;
    throw error;
  }
}

/**
 * The log lines of a trace, oldest first, by span id; "" has those that name no span of it.
 * @returns {Promise<{byId: Map<string, Array>, count: number, cut: boolean}>} `cut`: there were more than are asked for
 */
export async function loadLines(trace, { signal }) {
  const { from, to } = logRange(trace);
  const { lines } = await loki.queryRange(linesOfTrace(trace.traceId), {
    from,
    to,
    limit: MOST_LINES,
    direction: "forward",
    signal,
  });
  const byId = new Map();
  for (const line of lines) {
    if (line.traceId && line.traceId.padStart(32, "0") !== trace.traceId) continue;
    const id = line.spanId && trace.byId.has(line.spanId) ? line.spanId : "";
    if (!byId.has(id)) byId.set(id, []);
    byId.get(id).push(line);
  }
  return { byId, count: lines.length, cut: lines.length >= MOST_LINES };
}

/**
 * What Prometheus has about the time of a trace.
 * @returns {Promise<{names: Set<string>, routes: Set<string>}>} as `metricQuestions` takes it
 */
export async function loadMeasured(trace, { signal }) {
  const at = Math.min(Date.now() / 1000, trace.start + RECORDED_SECONDS);
  const [names, recorded] = await Promise.all([
    prometheus.metricNames({ signal }),
    prometheus.query(RECORDED_ROUTES, { at, signal }),
  ]);
  return {
    names: new Set(names),
    routes: new Set(recorded.map(({ labels }) => routeKey(labels.service, labels.route))),
  };
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
