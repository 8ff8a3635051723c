/** Where in a LogQL query the caret is, and so what may be written there. */
import { isAfterAggregation, nothing, openBrackets, surroundings } from "../scanner.js";
import { partOfSelector, readSelector, unquoted, valueInSelector } from "../selectors.js";
import { isGrouping, tokenize } from "./tokens.js";
import { AGGREGATIONS, PARSERS } from "./words.js";

/**
 * @typedef {object} Context
 * @property {"expression"|"after vector"|"pipeline"|"stage"|"field"|"field operator"|"field value"|"template"|"label"|
 *   "operator"|"value"|"window"|"grouping"|"nothing"} kind
 * @property {number} from - what a completion replaces
 * @property {number} to
 * @property {string} prefix - what of it stands before the caret
 * @property {import("../selectors.js").Matcher[]} [matchers] - of the selector, without the one being written
 * @property {string} [label] - whose value is wanted
 * @property {string} [mark] - the quote that is already there, or ""
 * @property {string} [pipeline] - the selector and the stages before the caret: where fields are looked for
 * @property {boolean} [parsed] - whether one of those stages makes labels of the line
 * @property {boolean} [aggregates] - after an aggregation, where `by` may stand
 */

const LINE_OPERATORS = ["|=", "!=", "|~", "!~", "|>", "!>"];
const COMPARISONS = ["=", "!=", "=~", "!~", ">", ">=", "<", "<=", "=="];

/** Stages whose arguments are names of labels. */
const TAKE_LABELS = ["unwrap", "drop", "keep", "label_format", "json", "logfmt"];

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
  if (bracket === "[") return current?.kind === "string" ? nothing(caret) : { kind: "window", ...place };
  const pipeline = pipelineBefore(text, tokens, before);
  if (bracket === "(" && isGrouping(tokens[open - 1])) {
    return { kind: "grouping", ...place, ...(pipeline ?? pipelineAfter(text, tokens, before)) };
  }
  if (pipeline) return inPipeline(tokens, before, current, place, pipeline);
  if (current?.kind === "string") return nothing(caret);
  const previous = tokens[before - 1];
  if (previous && ([")", "]"].includes(previous.text) || Object.hasOwn(AGGREGATIONS, previous.text))) {
    return { kind: "after vector", ...place, aggregates: isAfterAggregation(tokens, before, AGGREGATIONS) };
  }
  if (previous?.text === "offset") return nothing(caret);
  return { kind: "expression", ...place };
}

function inSelector(text, tokens, open, before, current, place) {
  const { matchers } = readSelector(tokens, open);
  const { part, label, operator } = partOfSelector(tokens, open, before);
  const others = matchers.filter((matcher) => place.from < matcher.from || place.from > matcher.to);
  if (part === "label") return { kind: "label", ...unquoted(place, current), matchers: others };
  if (part === "value") return { ...valueInSelector(text, place, current, operator), matchers: others, label };
  if (part === "operator") return { kind: "operator", ...place, matchers: others, label };
  return nothing(place.from);
}

function inPipeline(tokens, before, current, place, pipeline) {
  const previous = tokens[before - 1];
  const stage = stageStart(tokens, before);
  const head = tokens[stage + 1]?.text;
  if (current?.kind === "string") {
    const before_ = tokens[before - 1];
    if (before_?.text === "line_format" || (head === "label_format" && before_?.text === "=")) {
      return inTemplate(current, place, pipeline);
    }
    const label = tokens[before - 2]?.text;
    const isValue = COMPARISONS.includes(before_?.text) && tokens[before - 2]?.kind === "label";
    return isValue ? { kind: "field value", ...unquoted(place, current), ...pipeline, label } : nothing(place.from);
  }
  if (previous.kind === "pipe") return { kind: "stage", ...place, ...pipeline };
  if (["and", "or"].includes(previous.text) || (previous.text === "(" && tokens[before - 2]?.kind === "pipe")) {
    return { kind: "field", ...place, ...pipeline };
  }
  const takesLabels = TAKE_LABELS.includes(head) && tokens[stage]?.kind === "pipe";
  if (takesLabels && (before - 1 === stage + 1 || previous.kind === "comma" || previous.text === "=")) {
    // `json` may stand alone: what follows it is more often the next stage.
    const alone = Object.hasOwn(PARSERS, head) && previous.kind === "stage" && !place.prefix;
    return alone ? { kind: "pipeline", ...place, ...pipeline } : { kind: "field", ...place, ...pipeline };
  }
  if (previous.kind === "operator" && COMPARISONS.includes(previous.text) && tokens[before - 2]?.kind === "label") {
    const label = tokens[before - 2].text;
    return { kind: "field value", ...place, mark: "", ...pipeline, label };
  }
  if (previous.kind === "operator") return nothing(place.from);
  if (previous.kind === "label" && tokens[before - 2]?.kind !== "stage" && !takesLabels) {
    return { kind: "field operator", ...place, ...pipeline, label: previous.text };
  }
  return { kind: "pipeline", ...place, ...pipeline };
}

/** `{{.message}}`: a label after a dot. */
function inTemplate(current, place, pipeline) {
  const found = /\{\{[^}]*?\.(\w*)$/.exec(place.prefix);
  if (!found) return nothing(place.from);
  const prefix = found[1];
  const from = place.from + place.prefix.length - prefix.length;
  return { kind: "template", from, to: from + prefix.length, prefix, ...pipeline };
}

/** The index of the operator that begins the stage before the caret. */
function stageStart(tokens, before) {
  let i = before - 1;
  while (i > 0 && tokens[i].kind !== "pipe" && tokens[i].text !== "}" && !isLineFilter(tokens, i)) i -= 1;
  return i;
}

function isLineFilter(tokens, i) {
  const previous = tokens[i - 1]?.kind;
  return LINE_OPERATORS.includes(tokens[i].text) && previous !== "label";
}

/** The selector and whole stages before the caret, when it stands in a pipeline. */
function pipelineBefore(text, tokens, before) {
  const close = tokens.findLastIndex((token, i) => i < before && token.text === "}" && token.kind === "bracket");
  if (close < 0) return null;
  // A range, or the end of the call, ends the pipeline.
  const opened = openBrackets(tokens, close + 1).length;
  const ended = tokens.slice(close + 1, before).some((token, i) => {
    return token.text === "[" || openBrackets(tokens, close + 2 + i).length < opened;
  });
  if (ended) return null;
  const open = openBrackets(tokens, close).at(-1);
  if (open === undefined) return null;
  const stage = stageStart(tokens, before);
  const end = stage <= close ? tokens[close].to : tokens[stage].from;
  return { pipeline: text.slice(tokens[open].from, end).trim(), parsed: isParsed(tokens.slice(close + 1, stage + 2)) };
}

/** For `sum by (│) (…)`: the first pipeline after the caret; for `sum(…) by (│)` the first of all. */
function pipelineAfter(text, tokens, before) {
  const isOpening = (token) => token.text === "{" && token.kind === "bracket";
  const next = tokens.findIndex((token, i) => i >= before && isOpening(token));
  const open = next < 0 ? tokens.findIndex(isOpening) : next;
  if (open < 0) return { pipeline: "", parsed: false };
  let end = open;
  while (end < tokens.length && tokens[end].text !== "[") end += 1;
  const pipeline = text.slice(tokens[open].from, tokens[end - 1].to);
  return { pipeline, parsed: isParsed(tokens.slice(open, end)) };
}

function isParsed(tokens) {
  return tokens.some((token) => token.kind === "stage" && Object.hasOwn(PARSERS, token.text));
}

function isWord(token) {
  return ["label", "function", "aggregation", "stage", "keyword", "duration", "number", "bytes"].includes(token.kind);
}
