/**
 * What a completion offers, and in which order.
 *
 * @typedef {object} Option
 * @property {string} label - what the list shows
 * @property {string} insert - what is written in its place
 * @property {number} [caret] - where the caret is then, from the insertion's start; by default behind it
 * @property {string} [kind] - a word for what it is: "metric", "function", …
 * @property {string} [detail] - its form, or its type
 * @property {string} [doc] - a line of what it does
 * @property {number} [over] - how many characters behind it are replaced too
 * @property {boolean} [again] - whether what comes next is offered at once
 *
 * @typedef {object} Suggestions
 * @property {Option[]} now - what is known without asking
 * @property {boolean} [first] - whether these come before the others
 * @property {((names: import("./names.js").Names) => Promise<Option[]>)|null} later - what an API has to be asked for
 */
import { escapeFor, escapeRegExp } from "./quoting.js";

/** More than this nobody reads: typing narrows it down. */
const MOST = 100;

/**
 * @param {Option[]} options
 * @param {string} prefix - what is typed already
 * @returns {Option[]} those that fit: beginnings first, then beginnings of parts, then anything that contains it
 */
export function ranked(options, prefix) {
  const wanted = prefix.toLowerCase();
  if (!wanted) return options.slice(0, MOST);
  const scored = options
    .map((option, index) => ({ option, index, score: scoreOf(option.label.toLowerCase(), wanted) }))
    .filter(({ score }) => score > 0);
  // Letters in order are a guess: they are offered when nothing contains what is typed.
  const sure = scored.some(({ score }) => score > 1);
  const fitting = scored.filter(({ score }) => score > 1 || !sure);
  fitting.sort((one, other) => other.score - one.score || one.index - other.index);
  return fitting.slice(0, MOST).map(({ option }) => option);
}

function scoreOf(label, wanted) {
  if (label === wanted) return 5;
  if (label.startsWith(wanted)) return 4;
  const at = label.indexOf(wanted);
  if (at > 0) return /[_.:\s/-]/.test(label[at - 1]) ? 3 : 2;
  return isSubsequence(wanted, label) ? 1 : 0;
}

/** `frqtot` finds `frontend_requests_total`. */
function isSubsequence(wanted, label) {
  if (wanted.length < 3) return false;
  let at = -1;
  for (const character of wanted) {
    at = label.indexOf(character, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** Words with their explanation, written as they are. @returns {Option[]} */
export function plain(words, kind, behind = " ") {
  return Object.entries(words).map(([label, doc]) => ({ label, insert: label + behind, kind, doc }));
}

/** Functions of `{name: [form, explanation]}`, with the caret between their parentheses. @returns {Option[]} */
export function calls(words, kind, rest) {
  const called = rest.startsWith("(");
  return Object.entries(words).map(([label, [detail, doc]]) => {
    const insert = called ? label : `${label}()`;
    return { label, insert, caret: label.length + (called ? 0 : 1), kind, detail, doc, again: !called };
  });
}

/** `by (│)`. @returns {Option[]} */
export function groupings(words, rest) {
  // Parentheses that follow are the aggregation's own.
  const behind = rest.startsWith("(") ? " " : "";
  return Object.entries(words).map(([label, doc]) => {
    return { label, insert: `${label} ()${behind}`, caret: label.length + 2, kind: "keyword", doc, again: true };
  });
}

/** A label's name in a selector, and the quotes for its value. @returns {Option} */
export function labelOption(label, text, rest, detail) {
  const compared = /^\s*(=|!)/.test(rest);
  const insert = compared ? text : `${text}=""`;
  return { label, insert, caret: compared ? text.length : insert.length - 1, kind: "label", detail, again: !compared };
}

/**
 * A value, in the quotes that are there or in new ones; the caret goes behind the closing one.
 *
 * @param {string} value
 * @param {{mark?: string, pattern?: boolean}} context
 * @param {string} rest - the text behind what is replaced
 * @returns {Option}
 */
export function valueOption(value, { mark, pattern }, rest, detail) {
  const meant = pattern ? escapeRegExp(value) : value;
  if (!mark) return { label: value, insert: `"${escapeFor('"', meant)}"`, kind: "value", detail };
  const inside = escapeFor(mark, meant);
  // The closing quote is written anew, so that the caret ends behind it.
  const closed = rest.startsWith(mark);
  return { label: value, insert: `${inside}${mark}`, over: closed ? 1 : 0, kind: "value", detail };
}

/** @returns {Option[]} windows of time, closed with their bracket */
export function windows(list, rest) {
  const closed = rest.startsWith("]");
  return list.map((label) => ({ label, insert: `${label}]`, over: closed ? 1 : 0, kind: "window" }));
}
