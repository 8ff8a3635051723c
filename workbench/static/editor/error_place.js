/** Where in a query an API found its error, and what it said. */

/**
 * The stretch of text to mark.
 *
 * @param {string} text
 * @param {{line: number, column: number}|null} position - as the API counts: both from 1
 * @param {Array<{from: number, to: number}>} tokens - of the text
 * @returns {{from: number, to: number}|null} empty at the text's end, where something is missing; null without position
 */
export function stretch(text, position, tokens) {
  if (!position) return null;
  const lines = text.split("\n");
  const line = Math.min(Math.max(position.line, 1), lines.length);
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const at = before + Math.min(Math.max(position.column - 1, 0), lines[line - 1].length);
  const token = tokens.find(({ from, to }) => from <= at && at < to);
  return token ? { from: token.from, to: token.to } : { from: at, to: at };
}

/**
 * The API's sentence without what only says that it is one.
 *
 * @param {{message: string, position?: {line: number, column: number}|null}} error
 * @param {string} text - the query
 */
export function sentence({ message, position }, text) {
  const plain = message
    .replace(/^invalid parameter "query": /, "")
    .replace(/^invalid TraceQL query: /, "")
    .replace(/^\d+:\d+: /, "")
    .replace(/^parse error( at line \d+, col(umn)? \d+)?\s*: /, "")
    .replace(/^syntax error: /, "")
    .replace("unexpected $end", "the query ends too early")
    .replace("unexpected IDENTIFIER", "this word is not expected here");
  if (!position) return plain;
  const place = text.includes("\n") ? `Line ${position.line}, column ${position.column}` : `Column ${position.column}`;
  return `${place}: ${plain}`;
}
