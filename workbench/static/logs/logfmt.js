/** logfmt: `name=value other="two words"`. */

// A name, then nothing, a quoted value or a bare one; between pairs blanks.
const PAIR = /([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*)))?(?=\s|$)\s*/y;

/**
 * The fields of a line that is logfmt from its first character to its last.
 * @param {string} text
 * @returns {Object<string, string>|null} null when it is something else; a sentence with one `a=b` in it is
 */
export function parseLogfmt(text) {
  const trimmed = text.trim();
  if (!trimmed.includes("=")) return null;
  const fields = Object.create(null);
  let pairs = 0;
  let bare = 0;
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < trimmed.length) {
    const match = PAIR.exec(trimmed);
    if (!match) return null;
    const value = match[2] !== undefined ? unescape(match[2]) : match[3];
    if (value === undefined) {
      bare += 1;
    } else {
      pairs += 1;
      fields[match[1]] ??= value;
    }
  }
  return pairs > 0 && bare <= 1 && pairs > bare ? fields : null;
}

const ESCAPES = { n: "\n", t: "\t", r: "\r" };

function unescape(text) {
  return text.includes("\\") ? text.replace(/\\(.)/gs, (_, letter) => ESCAPES[letter] ?? letter) : text;
}
