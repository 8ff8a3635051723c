/** LogQL in tokens. */
import { openBrackets, scanNamed } from "../scanner.js";
import * as words from "./words.js";

const RULES = [
  ["comment", /#[^\n]*/y],
  ["variable", /\$(?:\w+|\{\w+(?::\w+)?\})/y],
  ["flag", /--[a-z-]+/y],
  ["duration", /(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|[smhdwy]))+(?![\w.])/y],
  ["bytes", /\d+(?:\.\d+)?(?:[kKmMgGtTpPeE]i?)?[bB](?!\w)/y],
  ["number", /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w)/y],
  ["name", /[A-Za-z_][\w]*/y],
  ["operator", /\|=|\|~|\|>|!>|=~|!~|!=|==|>=|<=|[=<>+\-*/%^@]/y],
  ["pipe", /\|/y],
  ["bracket", /[()[\]{}]/y],
  ["comma", /,/y],
];

const CALLS = { ...words.RANGE_FUNCTIONS, ...words.OTHER_FUNCTIONS };

/**
 * @param {string} text
 * @returns {import("../scanner.js").Token[]} names as `label`, `function`, `aggregation`, `stage` or `keyword`
 */
export function tokenize(text) {
  return scanNamed(text, RULES, kindOfName);
}

function kindOfName(tokens, i) {
  const { text } = tokens[i];
  const [previous, next] = [tokens[i - 1], tokens[i + 1]];
  const open = tokens[openBrackets(tokens, i).at(-1)]?.text;
  if (open === "{") return "label";
  if (previous?.kind === "pipe" && isStage(text) && !isComparison(next)) return "stage";
  if (next?.text === "(" && Object.hasOwn(words.CONVERSIONS, text)) return "function";
  if (Object.hasOwn(words.KEYWORDS, text) || isGroupingWord(text, next)) return "keyword";
  if (next?.text === "(" && Object.hasOwn(CALLS, text)) return "function";
  if (Object.hasOwn(words.AGGREGATIONS, text) && startsAggregation(next)) return "aggregation";
  if (next?.text === "(" && !open && !previous) return "function";
  return "label";
}

function isStage(text) {
  return Object.hasOwn(words.PARSERS, text) || Object.hasOwn(words.STAGES, text);
}

/** A label may have the name of a stage: `| json="x"` asks for its value. */
function isComparison(next) {
  return next?.kind === "operator" && !["|=", "|~", "|>", "!>", "!~", "!="].includes(next.text);
}

function isGroupingWord(text, next) {
  return Object.hasOwn(words.GROUPINGS, text) && (next?.text === "(" || text.startsWith("group_"));
}

function startsAggregation(next) {
  return next?.text === "(" || ["by", "without"].includes(next?.text);
}

/** @param {import("../scanner.js").Token|undefined} token */
export function isGrouping(token) {
  return token?.kind === "keyword" && Object.hasOwn(words.GROUPINGS, token.text);
}
