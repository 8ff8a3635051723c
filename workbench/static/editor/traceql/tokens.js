/** TraceQL in tokens. */
import { scanNamed } from "../scanner.js";
import * as words from "./words.js";

// What may stand in an attribute's name, as Tempo reads it: anything but space, brackets and operators' characters.
const PART = String.raw`(?:"(?:[^"\\]|\\.)*"|[^\s{}()=~!<>&|^,"\x60])`;

const RULES = [
  ["comment", /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y],
  ["variable", /\$(?:\w+|\{\w+(?::\w+)?\})/y],
  ["duration", /(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|[smhdw]))+(?!\w)/y],
  ["number", /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w)/y],
  ["intrinsic", /(?:span|trace|event|link|instrumentation):[A-Za-z]*/y],
  ["attribute", new RegExp(`(?:parent\\.)?(?:resource|span|event|link|instrumentation)\\.${PART}*`, "y")],
  ["attribute", new RegExp(`(?:parent)?\\.${PART}*`, "y")],
  ["name", /[A-Za-z_]\w*/y],
  ["operator", /!<<|!>>|&<<|&>>|!<|!>|&<|&>|!~|&~|&&|\|\||=~|!=|>=|<=|<<|>>|[=<>~!+\-*/%^]/y],
  ["pipe", /\|/y],
  ["bracket", /[()[\]{}]/y],
  ["comma", /,/y],
];

const CALLS = { ...words.METRICS, ...words.AGGREGATES, ...words.STAGES, ...words.SECOND_STAGES };

/**
 * @param {string} text
 * @returns {import("../scanner.js").Token[]} names as `intrinsic`, `function`, `keyword` or plain `name`
 */
export function tokenize(text) {
  return scanNamed(text, RULES, kindOfName);
}

function kindOfName(tokens, i) {
  const [previous, { text: name }, next] = [tokens[i - 1], tokens[i], tokens[i + 1]];
  if (name === "by" && previous?.kind !== "pipe") return "keyword";
  if (Object.hasOwn(CALLS, name) && (next?.text === "(" || previous?.kind === "pipe")) return "function";
  if (name === "with" || Object.hasOwn(words.HINTS, name)) return "keyword";
  if (Object.hasOwn(words.INTRINSICS, name) || name === "parent") return "intrinsic";
  const constants = [words.STATUSES, words.KINDS, words.CONSTANTS];
  return constants.some((list) => Object.hasOwn(list, name)) ? "keyword" : "name";
}
