/**
 * Values in quotes, as the three languages write them: Go's string literals.
 */

const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\" };

/**
 * @param {string|number|boolean} value
 * @returns {string} in double quotes, whatever the value contains
 */
export function quote(value) {
  return `"${escapeFor('"', String(value))}"`;
}

/**
 * What stands between two quotes of this kind. A backtick string knows no escapes: it cannot hold a backtick.
 *
 * @param {"\"" | "'" | "`"} mark
 * @param {string} value
 */
export function escapeFor(mark, value) {
  if (mark === "`") return value;
  // eslint-disable-next-line no-control-regex
  return value.replace(/[\u0000-\u001f"'\\\u007f]/g, (character) => {
    if ((character === '"' || character === "'") && character !== mark) return character;
    return ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/**
 * The value of a literal, with or without its closing quote.
 *
 * @param {string} literal - as it stands in the query, with its opening quote
 */
export function unquote(literal) {
  const mark = literal[0];
  const body = literal.length > 1 && literal.endsWith(mark) ? literal.slice(1, -1) : literal.slice(1);
  if (mark === "`") return body;
  return body.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/g, (_, escaped) => {
    if (/^[xuU]./.test(escaped)) {
      const code = Number.parseInt(escaped.slice(1), 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
    }
    return { n: "\n", r: "\r", t: "\t" }[escaped] ?? escaped;
  });
}

/**
 * @param {string} value
 * @returns {string} a regular expression (RE2) that matches exactly this
 */
export function escapeRegExp(value) {
  return value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
