/** Where in a PromQL query the caret is, and so what may be written there. */
import { isAfterAggregation, nothing, surroundings } from "../scanner.js";
import { partOfSelector, readSelector, unquoted, valueInSelector } from "../selectors.js";
import { isGrouping, tokenize } from "./tokens.js";
import { AGGREGATIONS } from "./words.js";

/**
 * @typedef {object} Context
 * @property {"expression"|"after vector"|"label"|"operator"|"value"|"window"|"grouping"|"nothing"} kind
 * @property {number} from - what a completion replaces
 * @property {number} to
 * @property {string} prefix - what of it stands before the caret
 * @property {string} [metric] - of the selector
 * @property {import("../selectors.js").Matcher[]} [matchers] - of the selector, without the one being written
 * @property {string} [label] - whose value is wanted
 * @property {string} [mark] - the quote that is already there, or ""
 * @property {boolean} [pattern] - whether the value is a regular expression
 * @property {string[]} [metrics] - that a grouping is about
 * @property {boolean} [aggregates] - after an aggregation, where `by` may stand
 */

const OPERAND = ["metric", "number", "duration", "string", "variable", "aggregation"];

/**
 * @param {string} text
 * @param {number} caret
 * @returns {Context}
 */
export function contextAt(text, caret) {
  const found = surroundings(text, caret, { tokenize, isPart: isWord });
  if (found === null) return nothing(caret);
  const { tokens, before, current, place, open, bracket } = found;
  if (bracket === "{") return inSelector(text, tokens, open, before, current, place);
  if (current?.kind === "string") return nothing(caret);
  if (bracket === "[") return { kind: "window", ...place };
  if (bracket === "(" && isGrouping(tokens[open - 1])) {
    return { kind: "grouping", ...place, metrics: metricsAround(tokens, before) };
  }
  const previous = tokens[before - 1];
  if (previous && (OPERAND.includes(previous.kind) || ")}]".includes(previous.text))) {
    return { kind: "after vector", ...place, aggregates: isAfterAggregation(tokens, before, AGGREGATIONS) };
  }
  if (previous?.text.toLowerCase() === "offset") return nothing(caret);
  return { kind: "expression", ...place };
}

function inSelector(text, tokens, open, before, current, place) {
  const metric = tokens[open - 1]?.kind === "metric" ? tokens[open - 1].text : "";
  const selector = readSelector(tokens, open);
  const { part, label, operator } = partOfSelector(tokens, open, before);
  const around = {
    metric: metric || selector.name || "",
    matchers: selector.matchers.filter((matcher) => place.from < matcher.from || place.from > matcher.to),
  };
  if (part === "label") return { kind: "label", ...unquoted(place, current), ...around };
  if (part === "value") return { ...valueInSelector(text, place, current, operator), ...around, label };
  if (part === "operator") return { kind: "operator", ...place, ...around, label };
  return nothing(place.from);
}

/** The metric that comes next, else the one before: `sum by (│) (rate(metric[5m]))`. */
function metricsAround(tokens, before) {
  const names = (part) => part.filter((token) => token.kind === "metric").map((token) => token.text);
  const after = names(tokens.slice(before));
  const found = after.length ? after.slice(0, 1) : names(tokens.slice(0, before)).slice(-1);
  return found.filter((name) => !Object.hasOwn(AGGREGATIONS, name));
}

function isWord(token) {
  return ["metric", "label", "function", "aggregation", "keyword", "duration", "number"].includes(token.kind);
}
