/** Colours on a given ground: faded, mixed, and far enough from it to be seen. Pure; colours are CSS text. */

import { colourText, contrast as contrastOf, parseColour } from "../format/oklch.js";

const BLACK = "rgb(17, 20, 24)";
const WHITE = "rgb(255, 255, 255)";

/** The colour with its opacity times `alpha`, 0 … 1; what cannot be read stays as it is. */
export function withAlpha(colour, alpha) {
  const parsed = parseColour(colour);
  return parsed ? colourText({ ...parsed, alpha: Number((parsed.alpha * alpha).toFixed(3)) }) : colour;
}

/** @returns {string} a colour `share` of the way from one to the other */
export function mixed(colour, other, share) {
  const from = parseColour(colour);
  const to = parseColour(other);
  if (!from || !to) return colour;
  const part = (name) => from[name] + (to[name] - from[name]) * share;
  return colourText({ red: part("red"), green: part("green"), blue: part("blue") });
}

/** WCAG's contrast, 1 … 21; 1 if one of them cannot be read. */
export function contrast(colour, other) {
  const [one, two] = [parseColour(colour), parseColour(other)];
  return one && two ? contrastOf(one, two) : 1;
}

/**
 * The colour itself if it stands out enough from the ground, else the nearest towards black or white that does.
 *
 * @param {string} colour @param {string} ground
 * @param {number} ratio 3 for lines and large figures, 4.5 for text
 * @returns {string}
 */
export function legible(colour, ground, ratio) {
  if (!parseColour(colour) || !parseColour(ground) || contrast(colour, ground) >= ratio) return colour;
  const end = inkOn(ground);
  for (let share = 0.05; share < 1; share += 0.05) {
    const candidate = mixed(colour, end, share);
    if (contrast(candidate, ground) >= ratio) return candidate;
  }
  return end;
}

/** Black or white, whichever is easier to read on `ground`. */
export const inkOn = (ground) => (contrast(BLACK, ground) >= contrast(WHITE, ground) ? BLACK : WHITE);
