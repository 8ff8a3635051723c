/**
 * Reading a range page by page, each line exactly once, also where many lines have the same nanosecond.
 *
 * Loki answers at most so many lines and orders those of one nanosecond as it likes, so the last nanosecond of a full
 * answer may be cut. A full page therefore leaves its last nanosecond to the next page; only a nanosecond that fills a
 * page by itself is asked for alone, with the largest limit that Loki allows.
 */
import { oldestFirst } from "./order.js";

/** Lines that Loki gives in one answer, unless it is configured otherwise. */
export const MOST_LINES = 5000;

/**
 * One page.
 *
 * @param {(range: {start: bigint, end: bigint, limit: number, direction: "backward"|"forward"}) => Promise<object[]>}
 *   ask answers lines with start <= time < end, at most `limit` of them, the nearest to where the direction begins
 * @param {{start: bigint, end: bigint, limit: number, direction: "backward"|"forward"}} wanted unix nanoseconds
 * @returns {Promise<{lines: object[], rest: {start: bigint, end: bigint}|null, cut: bigint|null}>} lines oldest first;
 *   `rest` is the range still to be read, null when this was all; `cut` a nanosecond of which more lines exist than
 *   Loki would give
 */
export async function page(ask, { start, end, limit, direction }) {
  if (start >= end) return { lines: [], rest: null, cut: null };
  const backward = direction === "backward";
  const found = oldestFirst(await ask({ start, end, limit, direction }));
  if (found.length < limit) return { lines: found, rest: null, cut: null };
  const edge = BigInt((backward ? found[0] : found.at(-1)).nano);
  const inner = found.filter((line) => BigInt(line.nano) !== edge);
  if (inner.length) {
    return { lines: inner, rest: backward ? { start, end: edge + 1n } : { start: edge, end }, cut: null };
  }
  const whole = await ask({ start: edge, end: edge + 1n, limit: MOST_LINES, direction });
  const rest = backward ? { start, end: edge } : { start: edge + 1n, end };
  return {
    lines: oldestFirst(whole),
    rest: rest.start < rest.end ? rest : null,
    cut: whole.length >= MOST_LINES ? edge : null,
  };
}

/**
 * All lines of a range, page by page.
 * @param {(range: object) => Promise<object[]>} ask as of `page`
 * @param {{start: bigint, end: bigint, limit?: number, most?: number}} wanted `most` lines are read at most
 * @returns {Promise<{lines: object[], complete: boolean}>} oldest first
 */
export async function everyLine(ask, { start, end, limit = MOST_LINES, most = Infinity }) {
  let rest = { start, end };
  let lines = [];
  let complete = true;
  while (rest && lines.length < most) {
    const next = await page(ask, { ...rest, limit, direction: "forward" });
    lines = lines.concat(next.lines);
    complete &&= next.cut === null;
    rest = next.rest;
  }
  return { lines, complete: complete && rest === null };
}
