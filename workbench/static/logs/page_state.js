/** What the Logs page's address says, and nothing that it does not. */
import { EVERYTHING } from "./simple_filters.js";

/** Columns in an address, at most: each takes room from the message. */
const MOST_COLUMNS = 6;

/**
 * @param {{get: (name: string) => string|null, all: (name: string) => string[]}} url
 * @returns {{query: string, columns: string[], wrap: boolean, direction: "backward"|"forward", live: boolean,
 *   line: string|null, panel: "fields"|"patterns"|null}}
 */
export function readState(url) {
  const line = url.get("line");
  const panel = url.get("panel");
  return {
    query: url.get("query")?.trim() || EVERYTHING,
    columns: [...new Set(url.all("columns"))].filter((name) => /^[A-Za-z_]\w{0,199}$/.test(name)).slice(
      0,
      MOST_COLUMNS,
    ),
    wrap: url.get("wrap") === "1",
    direction: url.get("direction") === "forward" ? "forward" : "backward",
    live: url.get("live") === "1",
    line: /^[0-9]{1,20}-[0-9a-z]{1,8}$/.test(line ?? "") ? line : null,
    panel: panel === "fields" || panel === "patterns" ? panel : null,
  };
}

/** The same as parameters; what is as usual is not in the address. */
export function parametersOf({ query, columns, wrap, direction, live, line, panel }) {
  return {
    query: query === EVERYTHING ? null : query,
    columns: columns.length ? columns : null,
    wrap: wrap ? 1 : null,
    direction: direction === "forward" ? direction : null,
    live: live ? 1 : null,
    line,
    panel,
  };
}

/** The moment of a line that an address names, in unix nanoseconds. */
export function nanoOf(line) {
  return BigInt(line.split("-")[0]);
}
