/** One round of questions: every number in one query, the alerts, and now and then the rules. */

import { alerts, query, rules } from "../data/prometheus.js";
import { byNumber, union } from "../data/union.js";
import { callNumbers, WINDOW } from "../graph/call_questions.js";
import { PART_NUMBERS } from "./parts.js";
import { DROPPED, OBJECTIVE_NUMBERS, SERVICE_NUMBERS } from "./questions.js";

/** All that one round asks of Prometheus' query API. */
export const NUMBERS = [...SERVICE_NUMBERS, ...callNumbers(WINDOW), ...PART_NUMBERS, ...OBJECTIVE_NUMBERS, DROPPED];

/** Rules change when somebody writes them: once a minute is often. In milliseconds. */
const RULES_LAST = 60_000;

/**
 * @returns {(options: {at?: number, signal: AbortSignal}) =>
 *     Promise<{numbers: Map, alerts: object[], groups: object[], at: number}>}
 */
export function asker() {
  const expr = union(NUMBERS);
  let groups = [];
  let groupsAt = -Infinity;
  return async ({ at, signal }) => {
    const isOld = performance.now() - groupsAt > RULES_LAST;
    const [found, active, read] = await Promise.all([
      query(expr, { at, signal }),
      // Alerts are only known of now.
      at === undefined ? alerts({ signal }) : [],
      // A Prometheus without rules is one without limits, not a failure.
      isOld ? rules({ type: "alert", signal }).catch(() => null) : null,
    ]);
    if (read) {
      groups = read;
      groupsAt = performance.now();
    }
    return { numbers: byNumber(found), alerts: active, groups, at: at ?? Date.now() / 1000 };
  };
}
