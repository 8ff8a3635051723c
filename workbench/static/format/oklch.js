/**
 * Colours by lightness, chroma and hue as the eye sees them (OKLCH, by Björn Ottosson), and contrasts as WCAG has them.
 */

/**
 * @param {string} text "#6CC0F5", "#abc", "rgb(1, 2, 3)", "rgba(1, 2, 3, 0.4)"
 * @returns {{red: number, green: number, blue: number, alpha: number}|null} each 0 to 1
 */
export function parseColour(text) {
  const hex = /^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.exec(text);
  if (hex) {
    const digits = hex[1].length < 6 ? [...hex[1]].map((digit) => digit + digit) : hex[1].match(/../g);
    const [red, green, blue, alpha = 1] = digits.map((pair) => parseInt(pair, 16) / 255);
    return { red, green, blue, alpha };
  }
  const rgb = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)(?:[\s,/]+([\d.]+)(%?))?\s*\)$/i.exec(text);
  if (rgb) {
    const alpha = rgb[4] === undefined ? 1 : Number(rgb[4]) / (rgb[5] ? 100 : 1);
    return { red: rgb[1] / 255, green: rgb[2] / 255, blue: rgb[3] / 255, alpha };
  }
  return null;
}

/** "rgb(…)", as a canvas and CSS take it; values outside of the screen's colours are cut. */
export function colourText({ red, green, blue, alpha = 1 }) {
  const [r, g, b] = [red, green, blue].map((part) => Math.round(Math.min(Math.max(part, 0), 1) * 255));
  return alpha < 1 ? `rgba(${r}, ${g}, ${b}, ${alpha})` : `rgb(${r}, ${g}, ${b})`;
}

/** Relative luminance, 0 to 1. */
export function luminance({ red, green, blue }) {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** WCAG's contrast of two opaque colours, 1 to 21. */
export function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** @returns {{lightness: number, chroma: number, hue: number}} lightness 0 to 1, hue in degrees */
export function toOklch({ red, green, blue }) {
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const lightness = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const c = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return { lightness, chroma: Math.hypot(a, c), hue: (Math.atan2(c, a) * 180) / Math.PI };
}

/** The screen's colour with this lightness and hue, and as much of the chroma as the screen has. */
export function fromOklch({ lightness, chroma, hue }) {
  for (let part = chroma; part > 0.001; part *= 0.95) {
    const colour = exactly(lightness, part, hue);
    if ([colour.red, colour.green, colour.blue].every((value) => value >= -0.001 && value <= 1.001)) {
      return colour;
    }
  }
  return exactly(lightness, 0, hue);
}

function exactly(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return {
    red: encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    green: encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    blue: encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
    alpha: 1,
  };
}

function linear(part) {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

function encoded(part) {
  return part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055;
}
