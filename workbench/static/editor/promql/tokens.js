/** PromQL in tokens. */
import { openBrackets, scanNamed } from "../scanner.js";
import { AGGREGATIONS, GROUPINGS, KEYWORDS } from "./words.js";

const RULES = [
  ["comment", /#[^\n]*/y],
  ["variable", /\$(?:\w+|\{\w+(?::\w+)?\})/y],
  ["duration", /(?:\d+(?:ms|[smhdwy]))+(?![\w.])/y],
  ["number", /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w])/y],
  ["name", /[A-Za-z_:][\w:]*/y],
  ["operator", /=~|!~|!=|==|>=|<=|[=<>+\-*/%^@]/y],
  ["bracket", /[()[\]{}]/y],
  ["comma", /[,:]/y],
];

/**
 * @param {string} text
 * @returns {import("../scanner.js").Token[]} names as `metric`, `label`, `function`, `aggregation` or `keyword`
 */
export function tokenize(text) {
  return scanNamed(text, RULES, kindOfName);
}

function kindOfName(tokens, i) {
  const { text } = tokens[i];
  const open = openBrackets(tokens, i).at(-1);
  if (open !== undefined && tokens[open].text === "{") return "label";
  if (open !== undefined && tokens[open].text === "(" && isGrouping(tokens[open - 1])) return "label";
  const word = text.toLowerCase();
  if (/^(inf|nan)$/.test(word)) return "number";
  if (Object.hasOwn(KEYWORDS, word) || Object.hasOwn(GROUPINGS, word)) return "keyword";
  const next = tokens[i + 1];
  if (Object.hasOwn(AGGREGATIONS, word) && startsAggregation(next)) return "aggregation";
  if (/^(start|end)$/.test(word) && tokens[i - 1]?.text === "@") return "function";
  return next?.text === "(" ? "function" : "metric";
}

/** `sum` alone may also be the beginning of a metric's name. */
function startsAggregation(next) {
  return next?.text === "(" || ["by", "without"].includes(next?.text.toLowerCase());
}

/** @param {import("../scanner.js").Token|undefined} token */
export function isGrouping(token) {
  return token?.kind === "keyword" && Object.hasOwn(GROUPINGS, token.text.toLowerCase());
}
