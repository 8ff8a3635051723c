/** How often a dashboard asks again by itself. */

const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 };

/**
 * @param {string|false|null} text of the JSON: "10s", "1m", "" or false for never
 * @returns {number} seconds, 0 for never
 */
export function secondsOf(text) {
  const found = /^(\d+)(s|m|h|d)$/.exec(text || "");
  return found ? Number(found[1]) * SECONDS[found[2]] : 0;
}
