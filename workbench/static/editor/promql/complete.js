/** What PromQL offers where the caret is. */
import { calls, groupings, labelOption, plain, valueOption, windows } from "../options.js";
import { labelText, writeSelector } from "../selectors.js";
import { contextAt } from "./context.js";
import { AGGREGATIONS, FUNCTIONS, GROUPINGS, KEYWORDS, WINDOWS } from "./words.js";

const OPERATORS = { "=": "is", "!=": "is not", "=~": "matches the regular expression", "!~": "does not match it" };
const { by, without, ...MATCHING } = GROUPINGS;

/**
 * @param {string} text
 * @param {number} caret
 * @returns {import("./context.js").Context & import("../options.js").Suggestions}
 */
export function suggest(text, caret) {
  const context = contextAt(text, caret);
  const rest = text.slice(context.to);
  return { now: [], later: null, ...context, ...offers(context, rest) };
}

function offers(context, rest) {
  const selector = () => writeSelector(context.metric, context.matchers);
  switch (context.kind) {
    case "expression":
      return {
        now: [...calls(AGGREGATIONS, "aggregation", rest), ...calls(FUNCTIONS, "function", rest)],
        later: async (names) => (await names.metrics()).map(metricOption),
      };
    case "after vector":
      return {
        now: [
          ...(context.aggregates ? groupings({ by, without }, rest) : []),
          ...plain(KEYWORDS, "keyword"),
          ...groupings(MATCHING, rest),
        ],
      };
    case "label":
      return {
        later: async (names) => {
          const used = new Set(context.matchers.map(({ label }) => label));
          // The name stands before the braces.
          if (context.metric) used.add("__name__");
          const labels = (await names.metricLabels(selector())).filter((name) => !used.has(name));
          if (context.mark) return labels.map((name) => valueOption(name, context, rest));
          return labels.map((name) => labelOption(name, labelText(name), rest));
        },
      };
    case "operator":
      return { now: plain(OPERATORS, "operator", '""').map((option) => ({ ...option, caret: -1, again: true })) };
    case "value":
      return {
        later: async (names) => {
          const values = await names.metricLabelValues(context.label, selector());
          return values.map((value) => valueOption(value, context, rest));
        },
      };
    case "grouping":
      return {
        later: async (names) => {
          const [metric = ""] = context.metrics;
          const labels = await names.metricLabels(writeSelector(metric, []));
          return labels.filter((name) => name !== "__name__").map((name) => word(labelText(name), "label"));
        },
      };
    case "window":
      return { now: windows(WINDOWS, rest) };
    default:
      return {};
  }
}

function metricOption({ name, type, help }) {
  const insert = /^[A-Za-z_:][\w:]*$/.test(name) ? name : writeSelector(name, []);
  return { label: name, insert, kind: "metric", detail: type, doc: help };
}

function word(label, kind) {
  return { label, insert: label, kind };
}
