/** Brackets and quotes that come and go together. */

const PAIRS = { "(": ")", "[": "]", "{": "}", '"': '"', "`": "`" };
const QUOTES = '"`';

/**
 * What a key does to the text, where it does more than write itself.
 *
 * @param {string} key - as of KeyboardEvent
 * @param {string} text
 * @param {number} from - the selection
 * @param {number} to
 * @param {boolean} quoted - whether the caret is inside a string
 * @returns {{from: number, to: number, insert: string, select: [number, number]}|null} the part to replace and what is
 *   selected then; null when the key is an ordinary one
 */
export function edited(key, text, from, to, quoted) {
  const selected = text.slice(from, to);
  const next = text[to] ?? "";
  if (key === "Backspace") {
    const pair = from === to && from > 0 && PAIRS[text[from - 1]] === next && next !== "";
    return pair && !escaped(text, from - 1)
      ? { from: from - 1, to: to + 1, insert: "", select: [from - 1, from - 1] }
      : null;
  }
  if (key === " " && from === to && text[from - 1] === "{" && next === "}") {
    return { from, to, insert: "  ", select: [from + 1, from + 1] };
  }
  const closing = PAIRS[key];
  if (closing && selected) {
    return { from, to, insert: key + selected + closing, select: [from + 1, to + 1] };
  }
  // Over the closing one that is there already.
  if (Object.values(PAIRS).includes(key) && !selected && next === key && !escaped(text, from)) {
    if (!QUOTES.includes(key) || quoted) return { from: to + 1, to: to + 1, insert: "", select: [to + 1, to + 1] };
  }
  if (!closing || selected || (quoted && QUOTES.includes(key)) || !/^[\s)\]},|]?$/.test(next)) return null;
  if (quoted || (QUOTES.includes(key) && /[\w"`]/.test(text[from - 1] ?? ""))) return null;
  return { from, to, insert: key + closing, select: [from + 1, from + 1] };
}

function escaped(text, at) {
  let count = 0;
  while (text[at - 1 - count] === "\\") count += 1;
  return count % 2 === 1;
}
