/** Where in a TraceQL query the caret is, and so what may be written there. */
import { nothing, openBrackets, placeOfCaret } from "../scanner.js";
import { unquoted } from "../selectors.js";
import { tokenize } from "./tokens.js";
import { METRICS } from "./words.js";

/**
 * @typedef {object} Context
 * @property {"start"|"attribute"|"operator"|"value"|"connective"|"after set"|"stage"|"after metric"|"argument"|
 *   "nothing"} kind
 * @property {number} from - what a completion replaces
 * @property {number} to
 * @property {string} prefix - what of it stands before the caret
 * @property {string} [attribute] - whose value is wanted
 * @property {string} [mark] - the quote that is already there, or ""
 * @property {string} [conditions] - the other conditions of the same braces, as a query
 */

const COMPARISONS = ["=", "!=", "=~", "!~", ">", ">=", "<", "<="];
const NAMES = ["attribute", "intrinsic", "name"];
const VALUES = ["string", "number", "duration", "keyword"];

/**
 * @param {string} text
 * @param {number} caret
 * @returns {Context}
 */
export function contextAt(text, caret) {
  const tokens = tokenize(text);
  const found = placeOfCaret(text, tokens, caret, isWord);
  if (found === null) return nothing(caret);
  const { before, current, place } = found;
  const open = openBrackets(tokens, before);
  const brace = open.findLast((i) => tokens[i].text === "{");
  if (brace !== undefined) return inBraces(text, tokens, brace, before, current, place);
  if (current?.kind === "string") return nothing(caret);
  if (open.length && takesAttributes(tokens, open.at(-1))) return { kind: "argument", ...place };
  const previous = tokens[before - 1];
  if (!previous || previous.text === "(") return { kind: "start", ...place };
  if (previous.kind === "pipe") return { kind: "stage", ...place };
  if (previous.text === "}") return { kind: "after set", ...place };
  if (previous.text === ")") return { kind: closesMetric(tokens, before) ? "after metric" : "after set", ...place };
  if (previous.kind === "operator") return { kind: "start", ...place };
  return nothing(caret);
}

function inBraces(text, tokens, brace, before, current, place) {
  const previous = tokens[before - 1];
  if (current?.kind === "string" || (previous.kind === "operator" && COMPARISONS.includes(previous.text))) {
    const attribute = tokens[before - 2];
    if (!COMPARISONS.includes(previous.text) || !NAMES.includes(attribute?.kind)) return nothing(place.from);
    return {
      kind: "value",
      ...unquoted(place, current),
      attribute: attribute.text,
      conditions: otherConditions(text, tokens, brace, before - 2),
    };
  }
  if (NAMES.includes(previous.kind)) return { kind: "operator", ...place };
  if (VALUES.includes(previous.kind) || previous.text === ")") return { kind: "connective", ...place };
  return { kind: "attribute", ...place };
}

/**
 * The whole conditions of these braces but one, joined by &&. With `||` or parentheses in them there are none:
 * then they do not all hold.
 */
function otherConditions(text, tokens, brace, own) {
  const parts = [];
  for (let i = brace + 1; i < tokens.length && tokens[i].text !== "}"; i += 1) {
    if (["||", "(", "!"].includes(tokens[i].text)) return "";
    const [name, operator, value] = tokens.slice(i, i + 3);
    const whole = NAMES.includes(name.kind) && COMPARISONS.includes(operator?.text) && VALUES.includes(value?.kind);
    if (whole && i !== own && !value.open) parts.push(text.slice(name.from, value.to));
  }
  return parts.length ? `{ ${parts.join(" && ")} }` : "";
}

function takesAttributes(tokens, open) {
  const word = tokens[open - 1];
  return ["by", "select", "avg", "min", "max", "sum"].includes(word?.text) || /_over_time$/.test(word?.text ?? "");
}

function closesMetric(tokens, before) {
  const open = openBrackets(tokens, before - 1).at(-1);
  return open !== undefined && Object.hasOwn(METRICS, tokens[open - 1]?.text ?? "");
}

function isWord(token) {
  return ["attribute", "intrinsic", "name", "function", "keyword", "duration", "number"].includes(token.kind);
}
