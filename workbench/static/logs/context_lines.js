/** The lines around a line, exactly: also when others have the same nanosecond. */
import { identityOf, oldestFirst } from "./order.js";
import { MOST_LINES, page } from "./paging.js";

const DAY = 86_400n * 1_000_000_000n;

/**
 * @param {(range: object) => Promise<object[]>} ask as of paging.js, for the streams that are looked at
 * @param {{nano: string}} line
 * @returns {Promise<{before: object[], here: object[], at: number, after: object[], older: object|null,
 *   newer: object|null}>} each oldest first: lines of its own nanosecond are `here`, the line itself is here[at] (-1
 *   when the store does not have it any more); `older` and `newer` go to `more`, null where nothing is left
 */
export async function around(ask, line, { count = 10, reach = DAY } = {}) {
  const nano = BigInt(line.nano);
  const [same, before, after] = await Promise.all([
    ask({ start: nano, end: nano + 1n, limit: MOST_LINES, direction: "forward" }),
    more(ask, { direction: "backward", start: nano - reach, end: nano }, count),
    more(ask, { direction: "forward", start: nano + 1n, end: nano + 1n + reach }, count),
  ]);
  const here = oldestFirst(same);
  const identity = identityOf(line);
  return {
    before: before.lines,
    here,
    at: here.findIndex((one) => identityOf(one) === identity),
    after: after.lines,
    older: before.rest,
    newer: after.rest,
  };
}

/**
 * The next lines away from the line. What comes along of the edge's nanosecond is kept for the next time.
 * @param {{direction: "backward"|"forward", start: bigint, end: bigint}} rest
 * @returns {Promise<{lines: object[], rest: object|null}>} at least `count` lines, if there are as many
 */
export async function more(ask, rest, count) {
  const backward = rest.direction === "backward";
  let lines = [];
  let left = rest;
  while (left && lines.length < count) {
    // One more than wanted: the edge of a full page is left to the next one.
    const found = await page(ask, { ...left, limit: Math.min(count - lines.length + 1, MOST_LINES) });
    lines = backward ? found.lines.concat(lines) : lines.concat(found.lines);
    left = found.rest && { ...found.rest, direction: rest.direction };
  }
  return { lines, rest: left };
}

/** The lines of a context as one list, with the place of the line itself. */
export function joined({ before, here, at, after }) {
  return { lines: [...before, ...here, ...after], at: at < 0 ? -1 : before.length + at };
}
