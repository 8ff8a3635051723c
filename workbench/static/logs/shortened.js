/** Long texts, made short enough to draw: how much of a line is shown before somebody asks for more. */

/** Characters of one line of text: more takes the browser long to lay out, and nobody reads it in a list. */
export const IN_A_ROW = 2_000;
/** Characters shown of an opened line, and added with each "show more". */
export const AT_A_TIME = 50_000;
/** A text of more lines than this is folded; so many of them stay. */
export const LINES_UNFOLDED = 8;
export const LINES_KEPT = 4;

/**
 * The part of a text that is shown while it is folded.
 * @param {string} text
 * @returns {{shown: string, hiddenLines: number, hiddenCharacters: number}} a stack trace keeps its first lines
 */
export function folded(text) {
  const beginning = text.slice(0, IN_A_ROW * LINES_UNFOLDED);
  const lines = countLines(text);
  let shown = beginning;
  if (lines > LINES_UNFOLDED) shown = beginning.split("\n", LINES_KEPT).join("\n");
  if (shown.length > IN_A_ROW) shown = shown.slice(0, IN_A_ROW);
  return {
    shown,
    hiddenLines: shown.length < text.length ? lines - countLines(shown) : 0,
    hiddenCharacters: text.length - shown.length,
  };
}

/** The first line of a text, and how many more it has. */
export function firstLine(text) {
  const end = text.indexOf("\n");
  const whole = end < 0 ? text : text.slice(0, end);
  const lines = end < 0 ? 1 : countLines(text);
  return {
    shown: whole.slice(0, IN_A_ROW),
    hiddenLines: lines - 1,
    hiddenCharacters: text.length - Math.min(whole.length, IN_A_ROW),
  };
}

/** What is left out, in words: "34 more lines", "4.9 million more characters"; empty when nothing is. */
export function hiddenText({ hiddenLines, hiddenCharacters }) {
  if (hiddenLines > 0) return `${counted(hiddenLines)} more ${hiddenLines === 1 ? "line" : "lines"}`;
  return hiddenCharacters > 0 ? `${counted(hiddenCharacters)} more characters` : "";
}

function counted(number) {
  return number >= 1e6 ? `${(number / 1e6).toFixed(1)} million` : number.toLocaleString("en");
}

function countLines(text) {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < text.length - 1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
