/** Text that fits into a width: shortened in its middle or at its end, never drawn over what stands beside it. */

let context = null;
const widths = new Map();

/** Pixels that a text takes in a font ("600 13px system-ui"). */
export function textWidth(text, font) {
  const key = `${font} ${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    context ??= document.createElement("canvas").getContext("2d");
    context.font = font;
    width = context.measureText(text).width;
    // Numbers change for ever; what was measured long ago is measured again.
    if (widths.size > 5000) widths.clear();
    widths.set(key, width);
  }
  return width;
}

/**
 * The longest beginning of a text that fits, with "…" for the rest.
 *
 * @param {string} text
 * @param {number} most  pixels
 * @param {(text: string) => number} width  pixels of a text
 */
export function shortened(text, most, width) {
  if (width(text) <= most) return text;
  // Code points, so that no character is cut in two.
  const characters = [...text];
  let low = 0;
  let high = characters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (width(`${characters.slice(0, middle).join("").trimEnd()}…`) <= most) low = middle;
    else high = middle - 1;
  }
  return `${characters.slice(0, low).join("").trimEnd()}…`;
}
