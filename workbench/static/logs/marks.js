/** Where in a text is what a query looks for. */

/** Expressions are tried on the beginning of a text only: an unlucky one takes the square of its length. */
const LONGEST_FOR_EXPRESSIONS = 4000;
const MOST_MARKS = 200;

/**
 * What finds a query's texts.
 * @param {{kind: "text"|"expression"|"pattern", value: string}[]} sought
 * @returns {(text: string) => [number, number][]} the places, in order, without overlaps
 */
export function finder(sought) {
  const texts = sought.filter((one) => one.kind === "text").map((one) => one.value);
  const expressions = sought.map(expressionOf).filter(Boolean);
  return (text) => {
    const places = texts.flatMap((value) => placesOf(text, value));
    const beginning = text.slice(0, LONGEST_FOR_EXPRESSIONS);
    for (const expression of expressions) {
      for (const match of beginning.matchAll(expression)) {
        if (match[0]) places.push([match.index, match.index + match[0].length]);
        if (places.length >= MOST_MARKS) break;
      }
    }
    return joined(places);
  };
}

function placesOf(text, value) {
  const places = [];
  for (
    let at = text.indexOf(value);
    at >= 0 && places.length < MOST_MARKS;
    at = text.indexOf(value, at + value.length)
  ) {
    places.push([at, at + value.length]);
  }
  return places;
}

function expressionOf({ kind, value }) {
  if (kind === "pattern") {
    const pieces = value.split("<_>").map((piece) => piece.trim()).filter((piece) => piece.length > 2);
    return pieces.length
      ? new RegExp(pieces.map((piece) => piece.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"), "g")
      : null;
  }
  if (kind !== "expression" || !isHarmless(value)) return null;
  // RE2 writes flags into the expression; of those JavaScript knows only these.
  const flags = /^\(\?([ims]+)\)/.exec(value);
  try {
    return new RegExp(flags ? value.slice(flags[0].length) : value, `g${flags?.[1] ?? ""}`);
  } catch {
    // RE2 and JavaScript differ: then nothing is marked.
    return null;
  }
}

/**
 * RE2 is linear, JavaScript's expressions are not: one with repeated groups, or with several repetitions without an
 * end, may take for ever on a text that somebody made for it.
 */
function isHarmless(expression) {
  const bare = expression.replace(/\\./g, "a").replace(/\[[^\]]*\]/g, "a");
  return expression.length <= 500 && !/\)[*+{]/.test(bare) && (bare.match(/[*+]|\{\d+,\d*\}/g) ?? []).length <= 1;
}

function joined(places) {
  const result = [];
  for (const [from, to] of places.sort((one, other) => one[0] - other[0])) {
    const last = result.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result.slice(0, MOST_MARKS);
}

/**
 * A text cut at its marks.
 * @param {string} text
 * @param {[number, number][]} places
 * @returns {{text: string, marked: boolean}[]}
 */
export function pieces(text, places) {
  const result = [];
  let at = 0;
  for (const [from, to] of places) {
    if (from > at) result.push({ text: text.slice(at, from), marked: false });
    result.push({ text: text.slice(from, to), marked: true });
    at = to;
  }
  if (at < text.length || !result.length) result.push({ text: text.slice(at), marked: false });
  return result;
}
