/**
 * LogQL as text that can be changed in one place and stays as it was everywhere else: its selector, its stages, the
 * texts it looks for, and filters put into it.
 */
import { tokenize } from "../editor/logql/tokens.js";
import { quote, unquote } from "../editor/quoting.js";

const LINE_OPERATORS = new Set(["|=", "!=", "|~", "!~", "|>", "!>"]);
const PARSERS = new Set(["json", "logfmt", "pattern", "regexp", "unpack"]);

/**
 * @typedef {{name: string, operator: string, value: string, from: number, to: number}} Matcher
 * @typedef {{kind: "line"|"parser"|"label"|"other", from: number, to: number, operator?: string, values?: string[],
 *   name?: string, value?: string}} Stage a "label" stage has name, operator and value when it is one comparison
 *   with a text
 */

/**
 * The parts of a log query.
 * @param {string} text
 * @returns {{matchers: Matcher[], stages: Stage[], selectorEnd: number}|null} null when it is no (whole) log query:
 *   a metric query, or one that is being typed
 */
export function parseLogQuery(text) {
  const tokens = tokenize(text).filter((token) => token.kind !== "comment");
  if (tokens[0]?.text !== "{" || tokens.some((token) => token.open)) return null;
  const matchers = [];
  let at = 1;
  while (tokens[at] && tokens[at].text !== "}") {
    const [name, operator, value] = tokens.slice(at, at + 3);
    if (!value || !["=", "!=", "=~", "!~"].includes(operator.text) || value.kind !== "string") return null;
    matchers.push({
      name: name.text,
      operator: operator.text,
      value: unquote(value.text),
      from: name.from,
      to: value.to,
    });
    at += 3;
    if (tokens[at]?.kind === "comma") at += 1;
    else if (tokens[at]?.text !== "}") return null;
  }
  if (!tokens[at]) return null;
  const selectorEnd = tokens[at].to;
  const stages = split(tokens.slice(at + 1)).map((part) => stage(part));
  return stages.includes(null) ? null : { matchers, stages, selectorEnd };
}

/** Tokens of each stage: one begins at a pipe or at a line filter's operator. */
function split(tokens) {
  const parts = [];
  let depth = 0;
  for (const [i, token] of tokens.entries()) {
    if (token.kind === "bracket") depth += "([{".includes(token.text) ? 1 : -1;
    const negation = (token.text === "!=" || token.text === "!~" || token.text === "!>") &&
      tokens[i + 1]?.kind === "string" && !isName(tokens[i - 1]);
    const begins = depth === 0 && (token.kind === "pipe" || ["|=", "|~", "|>"].includes(token.text) || negation);
    if (begins || parts.length === 0) parts.push([]);
    parts.at(-1).push(token);
  }
  return parts;
}

function isName(token) {
  return token !== undefined && ["label", "stage", "keyword", "aggregation", "function"].includes(token.kind);
}

function stage(tokens) {
  const [first, second, third, fourth] = tokens;
  const place = { from: first.from, to: tokens.at(-1).to };
  if (LINE_OPERATORS.has(first.text)) {
    const rest = tokens.slice(1);
    if (!rest.length) return null;
    const plain = rest.every((token, i) => (i % 2 === 0 ? token.kind === "string" : token.text === "or"));
    // `|= ip("…")` looks for addresses, not for this text.
    return plain
      ? {
        kind: "line",
        operator: first.text,
        values: rest.filter((_, i) => i % 2 === 0).map((one) => unquote(one.text)),
        ...place,
      }
      : { kind: "other", ...place };
  }
  if (first.kind !== "pipe" || !second) return null;
  if (second.kind === "stage") {
    return { kind: PARSERS.has(second.text) ? "parser" : "other", name: second.text, ...place };
  }
  if (tokens.length === 4 && isName(second) && third.kind === "operator" && fourth.kind === "string") {
    return { kind: "label", name: second.text, operator: third.text, value: unquote(fourth.text), ...place };
  }
  return { kind: "other", ...place };
}

/** Whether a query answers lines rather than series. An unfinished one counts as one. */
export function isLogQuery(text) {
  return tokenize(text).find((token) => token.kind !== "comment")?.text === "{";
}

/** The stream selector of a log query alone, `{service="backend"}`; null when there is none. */
export function selectorOf(text) {
  const parts = parseLogQuery(text);
  return parts ? text.slice(0, parts.selectorEnd).trim() : null;
}

/**
 * A selector of exactly these labels.
 * @param {Object<string, string>} labels
 */
export function selectorFor(labels) {
  return `{${Object.entries(labels).map(([name, value]) => `${name}=${quote(value)}`).join(", ")}}`;
}

/**
 * What the query's line filters look for, so that it can be marked in the lines.
 * @param {string} text
 * @returns {{kind: "text"|"expression"|"pattern", value: string}[]}
 */
export function soughtTexts(text) {
  const kinds = { "|=": "text", "|~": "expression", "|>": "pattern" };
  return (parseLogQuery(text)?.stages ?? [])
    .filter((one) => one.kind === "line" && one.operator in kinds)
    .flatMap((one) => one.values.map((value) => ({ kind: kinds[one.operator], value })))
    .filter((one) => one.value !== "");
}

/**
 * The query with a further condition.
 * @param {string} text a log query
 * @param {{kind: "label"|"metadata"|"field"|"line", name: string, value: string, format?: string}} wanted `format` says
 *   which parser gives a field: "json" or "logfmt"
 * @param {"="|"!="} operator
 * @returns {string} unchanged when it is no log query
 */
export function withCondition(text, wanted, operator) {
  const parts = parseLogQuery(text);
  if (!parts) return text;
  if (wanted.kind === "label") return withMatcher(text, parts, wanted, operator);
  if (wanted.kind === "line") return append(text, `${operator === "=" ? "|=" : "!="} ${quote(wanted.value)}`);
  const last = parts.stages.findLast((one) =>
    one.kind === "label" && one.name === wanted.name && ["=", "!=", "=="].includes(one.operator) &&
    one.value === wanted.value
  );
  if (last) return replaced(text, last, `| ${wanted.name}${operator}${quote(wanted.value)}`);
  const needed = wanted.kind === "field" && wanted.format !== undefined && wanted.format !== "text" &&
    !parts.stages.some((one) => one.kind === "parser" && [wanted.format, "unpack"].includes(one.name));
  const parser = needed ? `| ${wanted.format} ` : "";
  return append(text, `${parser}| ${wanted.name}${operator}${quote(wanted.value)}`);
}

/**
 * The query for the lines that have a pattern, or for those that have not.
 * @param {string} pattern of Loki's patterns: `<_>` stands for anything
 */
export function withPattern(text, pattern, keep) {
  return parseLogQuery(text) ? append(text, `${keep ? "|>" : "!>"} ${quote(pattern)}`) : text;
}

function withMatcher(text, { matchers, selectorEnd }, { name, value }, operator) {
  const mine = matchers.filter((one) => one.name === name);
  if (mine.some((one) => one.operator === operator && one.value === value)) return text;
  const same = mine.find((one) => ["=", "!="].includes(one.operator) && one.value === value);
  // For "=" an earlier choice gives way: a stream has one value of a label.
  const earlier = same ?? (operator === "=" ? mine.find((one) => one.operator === "=" || one.operator === "=~") : null);
  // Loki wants one matcher that chooses something; "not this" alone chooses everything.
  const chooses = operator === "=" || matchers.some((one) => one !== earlier && isSelective(one));
  const matcher = `${chooses ? "" : `${name}=~".+", `}${name}${operator}${quote(value)}`;
  if (earlier) return replaced(text, earlier, matcher);
  const close = selectorEnd - 1;
  const comma = matchers.length ? ", " : "";
  return `${text.slice(0, close).replace(/[\s,]*$/, "")}${comma}${matcher}${text.slice(close)}`;
}

function isSelective({ operator, value }) {
  return (operator === "=" && value !== "") || (operator === "=~" && !/^(\.\*)?$/.test(value));
}

function replaced(text, { from, to }, part) {
  return text.slice(0, from) + part + text.slice(to);
}

/** A comment at the end would swallow what follows it. */
function append(text, stageText) {
  const trimmed = text.trimEnd();
  return trimmed.split("\n").at(-1).includes("#") ? `${trimmed}\n${stageText}` : `${trimmed} ${stageText}`;
}
