/** Terminal colours in log lines: what a terminal would eat is taken out, since a page would show it as rubbish. */

// CSI … letter (colours, cursor), OSC … BEL or ST (titles, links), and two-character escapes.
// eslint-disable-next-line no-control-regex
const ESCAPE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]{0,2000}(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

// Characters that turn the direction of the text around them, or show as nothing: a line must not disguise itself.
// eslint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text without terminal escapes; other control characters, and those that reverse the text, become ␦. */
export function plainText(text) {
  const without = text.includes("\u001b") ? text.replace(ESCAPE, "") : text;
  return without.replace(HIDDEN, "\u2426");
}
