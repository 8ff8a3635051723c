/** Colours that can be told from the background: dashboards fix theirs for a dark page, ours has two themes. Pure. */

/**
 * @param {string} colour "#rgb", "#rrggbb", "#rrggbbaa", "rgb(…)", "rgba(…)" or "color(srgb …)"
 * @returns {{red: number, green: number, blue: number, alpha: number}|null} 0 … 255, alpha 0 … 1
 */
export function parseColour(colour) {
  const text = String(colour ?? "").trim();
  const hex = /^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.exec(text)?.[1];
  if (hex) {
    const long = hex.length < 6 ? [...hex].map((digit) => digit + digit).join("") : hex;
    const [red, green, blue, alpha = 255] = long.match(/../g).map((pair) => parseInt(pair, 16));
    return { red, green, blue, alpha: alpha / 255 };
  }
  const numbers = /^(?:rgba?|color)\(([^)]*)\)$/i.exec(text)?.[1].match(/[\d.]+%?/g);
  if (!numbers || numbers.length < 3) return null;
  // What color-mix() comes to is "color(srgb 0.2 0.4 0.6)".
  const [red, green, blue] = numbers.map((part) => Number(part) * (text.startsWith("color") ? 255 : 1));
  const alpha = numbers[3] === undefined ? 1 : parseFloat(numbers[3]) / (numbers[3].endsWith("%") ? 100 : 1);
  return { red, green, blue, alpha };
}

/** The colour with another opacity, 0 … 1; what cannot be parsed stays as it is. */
export function withAlpha(colour, alpha) {
  const parsed = parseColour(colour);
  if (!parsed) return colour;
  return `rgba(${parsed.red}, ${parsed.green}, ${parsed.blue}, ${Number((parsed.alpha * alpha).toFixed(3))})`;
}

/** @returns {string} a colour `share` of the way from one to the other */
export function mixed(colour, other, share) {
  const from = parseColour(colour);
  const to = parseColour(other);
  if (!from || !to) return colour;
  const part = (name) => Math.round(from[name] + (to[name] - from[name]) * share);
  return `rgb(${part("red")}, ${part("green")}, ${part("blue")})`;
}

/** WCAG's contrast of two colours, 1 … 21. */
export function contrast(colour, other) {
  const [darker, lighter] = [luminance(colour), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour) {
  const parsed = parseColour(colour) ?? { red: 128, green: 128, blue: 128 };
  const linear = (part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(parsed.red) + 0.7152 * linear(parsed.green) + 0.0722 * linear(parsed.blue);
}

/**
 * The colour itself if it stands out enough from the background, else the nearest towards black or white that does.
 *
 * @param {string} colour @param {string} background
 * @param {number} ratio 3 for lines and large figures, 4.5 for text
 * @returns {string}
 */
export function legible(colour, background, ratio) {
  if (!parseColour(colour) || !parseColour(background) || contrast(colour, background) >= ratio) return colour;
  const end = contrast("#000", background) > contrast("#fff", background) ? "#000000" : "#ffffff";
  for (let share = 0.05; share < 1; share += 0.05) {
    const candidate = mixed(colour, end, share);
    if (contrast(candidate, background) >= ratio) return candidate;
  }
  return end;
}

/** Black or white, whichever is easier to read on `background`. */
export const inkOn = (background) => (contrast("#000", background) >= contrast("#fff", background) ? "#111418" : "#ffffff");
