/** What the Map page asks: the numbers of calls over a range, those of the range before, and calls over time. */

import { rangeKeeper } from "../data/incremental.js";
import { query, queryRange } from "../data/prometheus.js";
import { byNumber, union } from "../data/union.js";
import { callMean, callMedian, callNumbers, failedByGraph } from "../graph/call_questions.js";
import { SERVICE_NUMBERS } from "../now/questions.js";
import { stepFor } from "../now/section.js";
import { numbersFromTraces } from "./from_traces.js";

const POINTS = 60;
/** A rate needs a few samples: at least this many seconds. */
const SHORTEST_WINDOW = 60;
const UP = SERVICE_NUMBERS.find(({ id }) => id === "up");

/** The numbers of a range, in seconds. */
export function numbersOf(seconds) {
  const window = `${Math.max(SHORTEST_WINDOW, Math.round(seconds))}s`;
  return [...callNumbers(window), failedByGraph(window), callMedian(window), callMean(window)];
}

/** Calls per second over time. */
export const historyOf = (step) =>
  "sum by (client, server, connection_type) (rate(" +
  `traces_service_graph_request_total[${Math.max(SHORTEST_WINDOW, step)}s]))`;

/**
 * @returns {(options: {range: {from, to}, isCompared: boolean, scrapeSeconds: number, signal}) => Promise<object>}
 */
export function asker() {
  const keeper = rangeKeeper(queryRange);
  return async ({ range, isCompared, scrapeSeconds, signal }) => {
    const { from, to } = range;
    const numbers = numbersOf(to - from);
    const step = stepFor(range, POINTS, scrapeSeconds);
    const [found, earlier, history] = await Promise.all([
      query(union([...numbers, UP]), { at: to, signal }),
      isCompared ? query(union(numbers), { at: from, signal }) : null,
      keeper(historyOf(step), { from, to, step, signal }),
    ]);
    const answers = byNumber(found);
    const down = new Set(
      (answers.get("up") ?? []).filter(({ value }) => value === 0).map(({ labels }) => labels.service),
    );
    const common = { range, down, history };
    if ((answers.get("calls") ?? []).length > 0) {
      return { ...common, numbers: answers, before: earlier && byNumber(earlier), traces: null };
    }
    const sample = await numbersFromTraces({ from, to, signal });
    return { ...common, numbers: sample.numbers, before: null, traces: sample.traces };
  };
}
