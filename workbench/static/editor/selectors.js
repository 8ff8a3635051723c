/**
 * The matchers between braces, `{service="backend", level!="info"}`: PromQL and LogQL write them alike.
 */
import { quote, unquote } from "./quoting.js";

/** @typedef {{label: string, operator: string, value: string, from: number, to: number}} Matcher */

const OPERATORS = ["=", "!=", "=~", "!~"];

/**
 * @param {import("./scanner.js").Token[]} tokens
 * @param {number} open - index of the opening brace
 * @returns {{matchers: Matcher[], name: string|null, close: number}} the complete matchers; the metric's name, where
 *   it stands in quotes between them; the index of the closing brace, or of what ends an unfinished selector
 */
export function readSelector(tokens, open) {
  const matchers = [];
  let name = null;
  let i = open + 1;
  while (i < tokens.length && !["}", "{", "[", ")"].includes(tokens[i].text)) {
    const [label, operator, value] = tokens.slice(i, i + 3);
    const complete = OPERATORS.includes(operator?.text) && value?.kind === "string";
    if ((label.kind === "label" || label.kind === "string") && complete) {
      matchers.push({
        label: label.kind === "string" ? unquote(label.text) : label.text,
        operator: operator.text,
        value: unquote(value.text),
        from: label.from,
        to: value.to,
      });
      i += 3;
    } else {
      if (label.kind === "string" && operator?.kind !== "operator") name = unquote(label.text);
      i += 1;
    }
  }
  return { matchers, name, close: i };
}

/**
 * @param {string} metric - a metric's name, "" for none
 * @param {Matcher[]} matchers
 * @returns {string} a selector; "" when it would select everything
 */
export function writeSelector(metric, matchers) {
  const plain = /^[A-Za-z_:][\w:]*$/.test(metric);
  const parts = matchers.map(({ label, operator, value }) => `${labelText(label)}${operator}${quote(value)}`);
  if (metric && !plain) parts.unshift(quote(metric));
  if (!parts.length) return metric && plain ? metric : "";
  return `${plain ? metric : ""}{${parts.join(", ")}}`;
}

/** A label's name, in quotes when it is not a plain word. */
export function labelText(label) {
  return /^[A-Za-z_]\w*$/.test(label) ? label : quote(label);
}

/**
 * Where in a selector the caret is.
 *
 * @param {import("./scanner.js").Token[]} tokens
 * @param {number} open - index of the brace
 * @param {number} before - how many whole tokens lie before the caret
 * @returns {{part: "label"|"operator"|"value"|"end", label: string, operator?: string}}
 */
export function partOfSelector(tokens, open, before) {
  let start = before;
  while (start > open + 1 && tokens[start - 1].kind !== "comma") start -= 1;
  const [label, operator] = tokens.slice(start, before);
  const name = label ? (label.kind === "string" ? unquote(label.text) : label.text) : "";
  const part = ["label", "operator", "value"][before - start] ?? "end";
  if (part === "value" && !OPERATORS.includes(operator.text)) return { part: "end", label: name };
  return part === "value" ? { part, label: name, operator: operator.text } : { part, label: name };
}

/**
 * Of a regular expression's value only the alternative at the caret is completed.
 *
 * @param {{from: number, to: number, prefix: string}} place - the whole value
 * @param {string} rest - the value's text after the caret
 */
function alternative(place, rest) {
  const start = place.prefix.lastIndexOf("|") + 1;
  const end = rest.indexOf("|");
  return {
    from: place.from + start,
    to: end < 0 ? place.to : place.from + place.prefix.length + end,
    prefix: place.prefix.slice(start),
  };
}

/** A value: of a regular expression one alternative. `pattern` says that what is put in has to be escaped. */
export function valueInSelector(text, place, current, operator) {
  const value = unquoted(place, current);
  const pattern = operator === "=~" || operator === "!~";
  if (!pattern || !value.mark) return { kind: "value", ...value, pattern };
  const rest = text.slice(value.from + value.prefix.length, value.to);
  return { kind: "value", ...value, ...alternative(value, rest), pattern };
}

/** Inside quotes only what is between them is completed. */
export function unquoted(place, current) {
  if (current?.kind !== "string") return { ...place, mark: "" };
  const to = current.open ? current.to : current.to - 1;
  return { from: current.from + 1, to, prefix: place.prefix.slice(1), mark: current.text[0] };
}
