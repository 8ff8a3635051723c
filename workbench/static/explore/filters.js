/** A further condition put into a query, in each of the languages. */
import { labelText, readSelector, writeSelector } from "../editor/selectors.js";
import { quote } from "../editor/quoting.js";
import { tokenize as promqlTokens } from "../editor/promql/tokens.js";
import { tokenize as traceqlTokens } from "../editor/traceql/tokens.js";

/**
 * PromQL: the condition goes into every selector. A condition on the same label with the same value gives way.
 *
 * @param {string} query
 * @param {string} label
 * @param {string} value
 * @param {"="|"!="} operator
 * @returns {string} unchanged when there is no metric in it
 */
export function withLabel(query, label, value, operator) {
  const tokens = promqlTokens(query);
  const condition = { label, operator, value };
  let out = query;
  // From the end, so that places before stay where they are.
  for (let i = tokens.length - 1; i >= 0; i -= 1) {
    const token = tokens[i];
    const opens = token.text === "{" && token.kind === "bracket";
    if (token.kind === "metric" && tokens[i + 1]?.text !== "{") {
      out = out.slice(0, token.to) + writeSelector("", [condition]) + out.slice(token.to);
    } else if (opens) {
      const { matchers, close } = readSelector(tokens, i);
      if (tokens[close]?.text !== "}") continue;
      const same = matchers.find((matcher) => matcher.label === label && isReplaced(matcher, condition));
      const text = `${labelText(label)}${operator}${quote(value)}`;
      if (same) out = out.slice(0, same.from) + text + out.slice(same.to);
      else out = appended(out, tokens, i, close, text);
    }
  }
  return out;
}

/** Of "=" there can be one for a label; the opposite of what is wanted goes too. */
function isReplaced(matcher, { operator, value }) {
  if (["=", "!="].includes(matcher.operator) && matcher.value === value) return true;
  return operator === "=" && matcher.operator === "=";
}

function appended(text, tokens, open, close, condition) {
  const last = tokens[close - 1];
  const comma = close === open + 1 || last.kind === "comma" ? "" : ", ";
  return text.slice(0, last.to) + comma + condition + text.slice(last.to);
}

/**
 * TraceQL: the condition goes into the first braces.
 *
 * @param {string} query
 * @param {string} attribute - with its scope
 * @param {string|number|boolean} value
 * @param {"="|"!="} operator
 */
export function withAttribute(query, attribute, value, operator) {
  const keyword = /^(span:)?(status|kind)$/.test(attribute);
  const text = typeof value === "string" && !keyword ? quote(value) : String(value);
  const condition = `${attribute} ${operator} ${text}`;
  const tokens = traceqlTokens(query);
  const open = tokens.findIndex((token) => token.text === "{" && token.kind === "bracket");
  const close = tokens.findIndex((token, i) => i > open && token.text === "}" && token.kind === "bracket");
  if (open < 0 || close < 0) return `{ ${condition} }${query.trim() ? ` && ${query.trim()}` : ""}`;
  const inside = tokens.slice(open + 1, close);
  const rest = (body) => `${query.slice(0, tokens[open].to)} ${body} ${query.slice(tokens[close].from)}`;
  if (!inside.length) return rest(condition);
  const same = inside.findIndex((token, i) => {
    return token.text === attribute && ["=", "!="].includes(inside[i + 1]?.text) && inside[i + 2]?.text === text;
  });
  if (same >= 0) {
    return query.slice(0, inside[same].from) + condition + query.slice(inside[same + 2].to);
  }
  const body = query.slice(inside[0].from, inside.at(-1).to);
  // What is joined by || belongs together.
  return rest(inside.some((token) => token.text === "||") ? `(${body}) && ${condition}` : `${body} && ${condition}`);
}
