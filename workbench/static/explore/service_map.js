/** The services and the calls between them, from the metrics that Tempo makes of spans. */
import * as prometheus from "../data/prometheus.js";
import { byNumber, union } from "../data/union.js";
import { callMean, callNumbers } from "../graph/call_questions.js";
import { callsOf } from "../graph/service_graph.js";

const WINDOW = "5m";

/**
 * @param {string} selector - of the edges: `{client="frontend"}`
 * @param {{at: number, signal?: AbortSignal}} options
 * @returns {Promise<import("../graph/service_graph.js").Call[]>}
 */
export async function serviceCalls(selector, { at, signal }) {
  const where = conditionsOf(selector);
  const numbers = [...callNumbers(WINDOW, where), callMean(WINDOW, where)];
  return callsOf(byNumber(await prometheus.query(union(numbers), { at, signal })));
}

/** What stands between the braces of a selector. */
export function conditionsOf(selector) {
  return selector.trim().replace(/^\{|,?\s*\}$/g, "").trim();
}
