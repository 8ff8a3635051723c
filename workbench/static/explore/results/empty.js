/** What is said when there is no answer, by what was asked: why that may be, and what to do. */
import { emptyState } from "../../ui/states.js";

export const EMPTY = {
  series: "No series in this time. Is the metric's name right? Ctrl+Space in the query lists those that exist.",
  values: "No value at the end of this time. A series that stopped more than five minutes ago has none.",
  lines: "No line fits in this time. Look at a longer time, or take a condition away.",
  traces: "No trace fits in this time. Look at a longer time, or take a condition away.",
  spans: "No span fits in this time. Look at a longer time, or take a condition away.",
  map: "No calls between services in the last 5 minutes. Open the frontend's page to make some.",
  trace: "No such trace.",
};

/**
 * @param {import("../asking.js").Answer} answer
 * @param {string} why - that nothing is the good answer here; "" where nothing says so
 */
export function emptyAnswer({ kind }, why) {
  return emptyState("Nothing found", why || EMPTY[kind]);
}
