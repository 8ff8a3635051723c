/** Loki as paging and context ask it: exact to the nanosecond. */
import { queryRange } from "../data/loki.js";

/**
 * What asks for the lines of a query.
 * @param {string} query
 * @param {{signal?: AbortSignal, onStats?: (stats: object) => void}} options `onStats` gets Loki's figures
 * @returns {(range: {start: bigint, end: bigint, limit: number, direction: string}) => Promise<object[]>}
 */
export function linesOfQuery(query, { signal, onStats } = {}) {
  return async ({ start, end, limit, direction }) => {
    const answer = await queryRange(query, { from: start, to: end, limit, direction, signal });
    if (answer.kind !== "lines") throw new TypeError("This query counts lines; it does not answer lines.");
    if (answer.stats) onStats?.(answer.stats.summary ?? answer.stats);
    return answer.lines;
  };
}

/** Unix seconds as nanoseconds, exact to the microsecond. */
export function nanosOf(seconds) {
  return BigInt(Math.round(seconds * 1e6)) * 1000n;
}
