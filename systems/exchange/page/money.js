/** Cents as dollars, and back. Whole numbers all the way: no cent is ever a fraction of a floating-point dollar. */

/** 123456 -> "1,234.56". */
export function dollars(cents) {
  const sign = cents < 0 ? "−" : "";
  const whole = Math.abs(cents);
  return `${sign}${shares(Math.floor(whole / 100))}.${String(whole % 100).padStart(2, "0")}`;
}

/** 1234567 -> "1,234,567". */
export function shares(count) {
  return count.toLocaleString("en-US");
}

/** "1,234.5" -> 123450; null for what is no amount of money, or none at all. */
export function cents(text) {
  const found = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(text.trim().replaceAll(",", ""));
  return found === null ? null : Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0")) || null;
}

/** "1,234" -> 1234; null for what is no number of shares, or none at all. */
export function count(text) {
  const found = /^\d{1,9}$/.exec(text.trim().replaceAll(",", ""));
  return found === null ? null : Number(found[0]) || null;
}
