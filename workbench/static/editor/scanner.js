/**
 * Text into tokens, for highlighting and for completion: forgiving, because it sees every half-typed query.
 *
 * What each language's tokens are stands in its own tokens.js; what a token means where it stands, in its context.js.
 */

/**
 * @typedef {{kind: string, from: number, to: number, text: string, open?: boolean}} Token
 *   `from` and `to` are offsets in UTF-16 units, `to` exclusive; `open` marks a string without its closing quote.
 */

/** A string with its escapes; the closing quote may still be missing. */
const STRINGS = /"(?:[^"\\\n]|\\.)*("|\\?$|\\?(?=\n))|'(?:[^'\\\n]|\\.)*('|\\?$|\\?(?=\n))|`[^`]*(`|$)/y;

/**
 * Splits a text by rules that are tried in order; what none of them knows becomes an `unknown` token of one character.
 *
 * @param {string} text
 * @param {Array<[string, RegExp]>} rules - kinds with sticky expressions that match at least one character
 * @returns {Token[]} without the white space between them
 */
function scan(text, rules) {
  const tokens = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at])) {
      at += 1;
      continue;
    }
    const token = string(text, at) ?? ruled(text, at, rules) ?? unknown(text, at);
    tokens.push(token);
    at = token.to;
  }
  return tokens;
}

/**
 * As `scan`, for languages in which what a name is shows only in its place.
 *
 * @param {(tokens: Token[], i: number) => string} kindOfName - of the token i, which is a `name`
 */
export function scanNamed(text, rules, kindOfName) {
  const tokens = scan(text, rules);
  tokens.forEach((token, i) => {
    if (token.kind === "name") token.kind = kindOfName(tokens, i);
  });
  return tokens;
}

function string(text, at) {
  if (!"\"'`".includes(text[at])) return null;
  STRINGS.lastIndex = at;
  const found = STRINGS.exec(text);
  if (!found) return null;
  const closed = found[0].length > 1 && (found[1] || found[2] || found[3]) === text[at];
  const token = { kind: "string", from: at, to: at + found[0].length, text: found[0] };
  return closed ? token : { ...token, open: true };
}

function ruled(text, at, rules) {
  for (const [kind, expression] of rules) {
    expression.lastIndex = at;
    const found = expression.exec(text)?.[0];
    if (found) return { kind, from: at, to: at + found.length, text: found };
  }
  return null;
}

function unknown(text, at) {
  const character = String.fromCodePoint(text.codePointAt(at));
  return { kind: "unknown", from: at, to: at + character.length, text: character };
}

/**
 * The brackets that are open before a token, outermost first.
 *
 * @param {Token[]} tokens
 * @param {number} end - how many tokens are looked at
 * @returns {number[]} the indices of the opening brackets
 */
export function openBrackets(tokens, end = tokens.length) {
  const open = [];
  const pairs = { ")": "(", "]": "[", "}": "{" };
  for (let i = 0; i < end; i += 1) {
    const { kind, text } = tokens[i];
    if (kind !== "bracket") continue;
    if ("([{".includes(text)) open.push(i);
    else if (open.length && tokens[open.at(-1)].text === pairs[text]) open.pop();
  }
  return open;
}

/**
 * What is before the caret, and what it stands in.
 *
 * @param {Token[]} tokens
 * @param {number} caret - offset in the text
 * @param {(token: Token) => boolean} isPart - may a token that ends at the caret still be in the making?
 * @returns {{before: number, current: Token|null}} how many whole tokens lie before, and the one being typed
 */
export function aroundCaret(tokens, caret, isPart) {
  const before = tokens.findIndex((token) => token.to >= caret);
  if (before < 0) return { before: tokens.length, current: null };
  const token = tokens[before];
  if (token.from >= caret) return { before, current: null };
  const inside = caret < token.to || token.open === true;
  if (token.kind === "string") return inside ? { before, current: token } : { before: before + 1, current: null };
  if (isPart(token)) return { before, current: token };
  return { before: before + 1, current: null };
}

/**
 * The caret among the tokens of a query; null in a comment, where nothing is completed.
 *
 * @param {string} text
 * @param {Token[]} tokens
 * @param {number} caret
 * @param {(token: Token) => boolean} isPart - as of `aroundCaret`
 * @returns {{before: number, current: Token|null, place: {from: number, to: number, prefix: string}}|null}
 *   `place`: what a completion replaces, and what of it stands before the caret
 */
export function placeOfCaret(text, tokens, caret, isPart) {
  if (tokens.some(({ kind, from, to }) => kind === "comment" && from < caret && caret <= to)) return null;
  const { before, current } = aroundCaret(tokens, caret, isPart);
  const { from, to } = current ?? { from: caret, to: caret };
  return { before, current, place: { from, to, prefix: text.slice(from, caret) } };
}

/**
 * What all contexts begin with: the caret among the tokens, and the innermost bracket that is open there.
 *
 * @param {string} text
 * @param {number} caret
 * @param {{tokenize: (text: string) => Token[], isPart: (token: Token) => boolean}} language
 * @returns {{tokens: Token[], before: number, current: Token|null, open: number|undefined, bracket: string|undefined,
 *   place: {from: number, to: number, prefix: string}}|null} `open`: the bracket's index; null in a comment
 */
export function surroundings(text, caret, { tokenize, isPart }) {
  const tokens = tokenize(text);
  const found = placeOfCaret(text, tokens, caret, isPart);
  if (found === null) return null;
  const open = openBrackets(tokens, found.before).at(-1);
  return { tokens, ...found, open, bracket: tokens[open]?.text };
}

/** Whether an aggregation may be followed by `by (…)` here: after its name, or after its arguments. */
export function isAfterAggregation(tokens, before, aggregations) {
  const previous = tokens[before - 1];
  if (Object.hasOwn(aggregations, previous.text)) return true;
  if (previous.text !== ")") return false;
  const open = openBrackets(tokens, before - 1).at(-1);
  return tokens[open - 1]?.kind === "aggregation";
}

/** The context where nothing can be completed. */
export function nothing(caret) {
  return { kind: "nothing", from: caret, to: caret, prefix: "" };
}
