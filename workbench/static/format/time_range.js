/**
 * Time ranges as Grafana writes them: "now-15m", "now/d", unix milliseconds; and as people type them. Moments come out
 * as unix seconds.
 */

import { clock, dateTime } from "./time.js";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86400, w: 7 * 86400 };
const WORDS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const RELATIVE = /^now(?:\s*[-+]\s*\d+\s*[smhdwMy])*(?:\s*\/\s*[smhdwMy])?$/;

/** The ranges that are one click away. */
export const QUICK_RANGES = [
  ["now-5m", "now", "Last 5 minutes"],
  ["now-15m", "now", "Last 15 minutes"],
  ["now-30m", "now", "Last 30 minutes"],
  ["now-1h", "now", "Last hour"],
  ["now-3h", "now", "Last 3 hours"],
  ["now-6h", "now", "Last 6 hours"],
  ["now-12h", "now", "Last 12 hours"],
  ["now-24h", "now", "Last 24 hours"],
  ["now/d", "now", "Today so far"],
].map(([from, to, text]) => ({ from, to, text }));

/** Whether a text is relative to now. */
export function isRelative(text) {
  return RELATIVE.test(String(text).trim());
}

/**
 * A moment from the text of an address or of an input.
 *
 * @param {string|number} text relative; unix milliseconds (or seconds, by their size); "14:03", "2026-11-21",
 *   "2026-11-21 14:03:05" in the browser's zone; ISO 8601 with a zone
 * @param {{now: number, end?: boolean}} options unix seconds; `end`: of a rounded unit ("now/d") or a whole day the end
 * @returns {number|null} unix seconds; null: not understood
 */
export function parseMoment(text, { now, end = false }) {
  if (typeof text === "number") {
    return Number.isFinite(text) ? text : null;
  }
  const trimmed = String(text ?? "").trim();
  if (isRelative(trimmed)) {
    return parseRelative(trimmed, now, end);
  }
  if (/^-?\d{9,16}(\.\d+)?$/.test(trimmed)) {
    const number = Number(trimmed);
    return Math.abs(number) >= 1e11 ? number / 1000 : number;
  }
  return parseCalendar(trimmed, now, end);
}

/**
 * From and to as texts → unix seconds.
 *
 * @returns {{from: number, to: number, relative: boolean}|{error: string, field: "from"|"to"}}
 */
export function parseRange(from, to, now) {
  const start = parseMoment(from, { now });
  if (start === null) {
    return { error: `“${from}” is no time. Write 14:30, 2026-11-21 14:30 or now-1h.`, field: "from" };
  }
  const stop = parseMoment(to, { now, end: true });
  if (stop === null) {
    return { error: `“${to}” is no time. Write 14:30, 2026-11-21 14:30 or now.`, field: "to" };
  }
  if (stop <= start) {
    return { error: "The end has to be after the beginning.", field: "to" };
  }
  return { from: start, to: stop, relative: isRelative(from) || isRelative(to) };
}

/** A range in words: "Last 15 minutes", "21 Nov, 14:00:00 to 14:30:00". */
export function rangeText(from, to, now) {
  const quick = QUICK_RANGES.find((range) => range.from === from && range.to === to);
  if (quick) {
    return quick.text;
  }
  const parsed = parseRange(from, to, now);
  if ("error" in parsed) {
    return `${from} to ${to}`;
  }
  if (to === "now" && isRelative(from) && !String(from).includes("/")) {
    return `Last ${lengthInWords(parsed.to - parsed.from)}`;
  }
  const sameDay = new Date(parsed.from * 1000).toDateString() === new Date(parsed.to * 1000).toDateString();
  const end = sameDay ? clock(parsed.to) : dateTime(parsed.to);
  return `${dateTime(parsed.from)} to ${to === "now" ? "now" : end}`;
}

/** "45 minutes", "2 days": in the largest unit that is not broken. */
function lengthInWords(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  const [word, unit] = WORDS.find(([, length]) => whole % length === 0);
  return `${whole / unit} ${word}${whole === unit ? "" : "s"}`;
}

/** A range's words within a sentence: "last 15 minutes". Names of months keep their capital. */
export function inSentence(text) {
  return text.replace(/^(Last|Today)/, (word) => word.toLowerCase());
}

/**
 * A range that somebody copied elsewhere: Grafana's {"from", "to"}, an address with from and to, "A to B", "A/B".
 *
 * @returns {{from: string, to: string}|null} texts for parseRange
 */
export function rangeFromText(text) {
  const trimmed = text.trim();
  try {
    const { from, to } = JSON.parse(trimmed);
    if (from && to) {
      return { from: String(from), to: String(to) };
    }
  } catch {
    // No JSON, then.
  }
  const address = /[?&]from=([^&#\s]+).*?[?&]to=([^&#\s]+)/.exec(trimmed);
  if (address) {
    return { from: decodeURIComponent(address[1]), to: decodeURIComponent(address[2]) };
  }
  const parts = trimmed.split(/\s+(?:to|until|–|—|-)\s+|\s*\n\s*|(?<=Z|[+-]\d\d:\d\d)\//);
  return parts.length === 2 && parts.every((part) => part !== "") ? { from: parts[0], to: parts[1] } : null;
}

function parseRelative(text, now, end) {
  let date = new Date(now * 1000);
  for (const [, sign, count, unit] of text.matchAll(/([-+])\s*(\d+)\s*([smhdwMy])/g)) {
    date = moved(date, (sign === "-" ? -1 : 1) * Number(count), unit);
  }
  const rounding = /\/\s*([smhdwMy])$/.exec(text);
  const moment = rounding ? rounded(date, rounding[1], end) : date;
  return Number.isFinite(moment.getTime()) ? moment.getTime() / 1000 : null;
}

function moved(date, count, unit) {
  const result = new Date(date);
  if (unit === "M") {
    result.setMonth(result.getMonth() + count);
  } else if (unit === "y") {
    result.setFullYear(result.getFullYear() + count);
  } else if (unit === "d" || unit === "w") {
    // A day of a change of the clocks has not 24 hours.
    result.setDate(result.getDate() + count * (unit === "w" ? 7 : 1));
  } else {
    result.setTime(result.getTime() + count * SECONDS[unit] * 1000);
  }
  return result;
}

function rounded(date, unit, end) {
  const start = new Date(date);
  start.setMilliseconds(0);
  if (unit !== "s") {
    start.setSeconds(0);
  }
  if (!["s", "m"].includes(unit)) {
    start.setMinutes(0);
  }
  if (!["s", "m", "h"].includes(unit)) {
    start.setHours(0);
  }
  if (unit === "w") {
    // A week begins on Monday.
    start.setDate(start.getDate() - ((start.getDay() + 6) % 7));
  }
  if (unit === "M" || unit === "y") {
    start.setDate(1);
  }
  if (unit === "y") {
    start.setMonth(0);
  }
  return end ? new Date(moved(start, 1, unit).getTime() - 1) : start;
}

function parseCalendar(text, now, end) {
  const time = /^(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?$/.exec(text);
  if (time) {
    const [, hour, minute, second = "0", fraction = "0"] = time;
    const date = new Date(now * 1000);
    return valid(date.getFullYear(), date.getMonth(), date.getDate(), hour, minute, Number(second) + Number(fraction));
  }
  const local = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?$/.exec(text);
  if (local) {
    const [, year, month, day, hour, minute, second = "0", fraction = "0"] = local;
    if (hour === undefined) {
      const start = valid(year, month - 1, day, 0, 0, 0);
      return start !== null && end ? moved(new Date(start * 1000), 1, "d").getTime() / 1000 - 0.001 : start;
    }
    return valid(year, month - 1, day, hour, minute, Number(second) + Number(fraction));
  }
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})$/.test(text)) {
    const moment = Date.parse(text);
    return Number.isNaN(moment) ? null : moment / 1000;
  }
  return null;
}

/** A moment of the calendar, null where the calendar has none: Date would make the 31st of February one of March. */
function valid(year, month, day, hour, minute, second) {
  const date = new Date(Number(year), Number(month), Number(day), Number(hour), Number(minute), 0);
  const fits = date.getMonth() === Number(month) && date.getDate() === Number(day) && Number(hour) < 24 &&
    Number(minute) < 60;
  return fits && second < 60 ? date.getTime() / 1000 + second : null;
}
