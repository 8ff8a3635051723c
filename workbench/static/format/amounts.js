/** Numbers as sentences and small places have them: two digits that count, with their unit. */

import { duration } from "./time.js";

const NO_BREAK = "\u00a0";

/** "0", "0.3", "2.1", "34", "1.2 k". */
export function amount(value) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  if (Math.abs(value) < 0.05) return "<0.1";
  if (Math.abs(value) < 9.95) return value.toFixed(1);
  if (Math.abs(value) < 999.5) return value.toFixed(0);
  return value < 999_500
    ? `${(value / 1e3).toFixed(value < 9950 ? 1 : 0)}${NO_BREAK}k`
    : `${(value / 1e6).toFixed(1)}${NO_BREAK}M`;
}

/** Per second: "2.1/s". */
export function rate(value) {
  return `${amount(value)}/s`;
}

/** A share: "0 %", "<0.1 %", "0.4 %", "34 %". */
export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  const value = share * 100;
  const size = Math.abs(value);
  const text =
    size === 0
      ? "0"
      : size < 0.05
        ? "<0.1"
        : size < 9.95 && Math.abs(size - Math.round(size)) > 0.049
          ? value.toFixed(1)
          : value.toFixed(0);
  return text + NO_BREAK + "%";
}

/** Seconds with two digits that count: "23 ms", "1.2 s". */
export function time(seconds) {
  return Number.isFinite(seconds) ? duration(Number(seconds.toPrecision(2))) : "–";
}
