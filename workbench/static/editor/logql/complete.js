/** What LogQL offers where the caret is. */
import { calls, groupings, labelOption, plain, valueOption, windows } from "../options.js";
import { writeSelector } from "../selectors.js";
import { contextAt } from "./context.js";
import * as words from "./words.js";

const OPERATORS = { "=": "is", "!=": "is not", "=~": "matches the regular expression", "!~": "does not match it" };
const COMPARISONS = { ...OPERATORS, ">": "more than", ">=": "at least", "<": "less than", "<=": "at most" };
const { by, without, ...MATCHING } = words.GROUPINGS;

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
  switch (context.kind) {
    case "expression":
      return {
        now: [
          {
            label: "{",
            insert: "{}",
            caret: 1,
            kind: "selector",
            doc: "Which streams of lines: begin here.",
            again: true,
          },
          ...calls(words.RANGE_FUNCTIONS, "function", rest).map(withSelector),
          ...calls(words.AGGREGATIONS, "aggregation", rest),
          ...calls(words.OTHER_FUNCTIONS, "function", rest),
        ],
      };
    case "after vector":
      return {
        now: [
          ...(context.aggregates ? groupings({ by, without }, rest) : []),
          ...plain(words.KEYWORDS, "keyword"),
          ...groupings(MATCHING, rest),
        ],
      };
    case "label":
      return {
        later: async (names) => {
          const used = new Set(context.matchers.map(({ label }) => label));
          const labels = await names.streamLabels(writeSelector("", context.matchers));
          return labels.filter((name) => !used.has(name)).map((name) => labelOption(name, name, rest));
        },
      };
    case "operator":
      return { now: plain(OPERATORS, "operator", '""').map((option) => ({ ...option, caret: -1, again: true })) };
    case "value":
      return {
        later: async (names) => {
          const values = await names.streamLabelValues(context.label, writeSelector("", context.matchers));
          return values.map((value) => valueOption(value, context, rest));
        },
      };
    case "pipeline":
      return { now: [...lineFilters(), ...stages("| ")] };
    case "stage":
      return { now: stages(""), first: !context.parsed, later: (names) => fields(names, context, " ") };
    case "field":
    case "template":
    case "grouping":
      return { later: (names) => fields(names, context, "") };
    case "field operator":
      return { now: plain(COMPARISONS, "operator") };
    case "field value":
      return {
        later: async (names) => {
          const values = await names.fieldValues(context.label, context.pipeline);
          return values.map((value) => valueOption(value, context, rest));
        },
      };
    case "window":
      return { now: windows(words.WINDOWS, rest) };
    default:
      return {};
  }
}

/** Every range function begins with a selector of streams. */
function withSelector(option) {
  if (!option.insert.endsWith("()")) return option;
  return { ...option, insert: `${option.label}({} [5m])`, caret: option.label.length + 2 };
}

function lineFilters() {
  return Object.entries(words.LINE_FILTERS).map(([label, doc]) => {
    return { label, insert: `${label} ""`, caret: label.length + 2, kind: "line filter", doc };
  });
}

const QUOTED = ["pattern", "regexp", "line_format"];
const ALONE = ["json", "logfmt", "unpack", "decolorize"];

function stages(before) {
  const all = Object.entries({ ...words.PARSERS, ...words.STAGES });
  return all.map(([name, [detail, doc]]) => {
    const quoted = QUOTED.includes(name);
    const insert = `${before}${name} ${quoted ? '""' : ""}`;
    const caret = insert.length - (quoted ? 1 : 0);
    return { label: name, insert, caret, kind: "stage", detail, doc, again: !ALONE.includes(name) };
  });
}

async function fields(names, { pipeline, parsed }, behind) {
  const found = await names.fields(pipeline, parsed);
  return found.map(({ name, type }) => ({ label: name, insert: name + behind, kind: "field", detail: type }));
}
