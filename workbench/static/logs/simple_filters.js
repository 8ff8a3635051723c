/**
 * The simple filters (service, level, text, trace) and the LogQL that says the same: one can be read out of the other
 * as long as the query is of that form.
 */
import { levelNamed, LEVELS, spellings } from "../data/levels.js";
import { escapeRegExp, quote } from "../editor/quoting.js";
import { parseLogQuery } from "./query_text.js";

/** All lines of all services. */
export const EVERYTHING = '{service=~".+"}';

/**
 * @typedef {{services: string[], levels: string[], text: string, traceId: string}} Filters
 *   empty lists and texts filter nothing; levels are words of data/levels.js
 */

/** @type {Filters} */
export const NO_FILTERS = { services: [], levels: [], text: "", traceId: "" };

/**
 * @param {Partial<Filters>} filters
 * @returns {string} LogQL
 */
export function queryFor(filters) {
  const { services, levels, text, traceId } = { ...NO_FILTERS, ...filters };
  const matchers = [
    services.length === 1
      ? `service=${quote(services[0])}`
      : `service=~${quote(services.length ? services.map(escapeRegExp).join("|") : ".+")}`,
  ];
  if (levels.length) matchers.push(`level=~${quote(ordered(levels).flatMap(spellingsOf).join("|"))}`);
  const stages = [];
  if (text) stages.push(`|= ${quote(text)}`);
  if (traceId) stages.push(`|= ${quote(traceId)}`);
  return [`{${matchers.join(", ")}}`, ...stages].join(" ");
}

/**
 * The filters that a query amounts to.
 * @param {string} query
 * @returns {Filters|null} null when it says more than the filters can
 */
export function filtersOf(query) {
  const parts = parseLogQuery(query);
  if (!parts) return null;
  const filters = { ...NO_FILTERS };
  const seen = new Set();
  for (const matcher of parts.matchers) {
    if (seen.has(matcher.name)) return null;
    seen.add(matcher.name);
    const values = valuesOf(matcher);
    if (values === null) return null;
    if (matcher.name === "service") filters.services = values;
    else if (matcher.name === "level" && readLevels(values)) filters.levels = readLevels(values);
    else return null;
  }
  if (!seen.has("service")) return null;
  for (const stage of parts.stages) {
    if (stage.kind !== "line" || stage.operator !== "|=" || stage.values.length !== 1 || !stage.values[0]) return null;
    const [value] = stage.values;
    if (/^[0-9a-f]{32}$/.test(value) && !filters.traceId) filters.traceId = value;
    else if (!filters.text && !filters.traceId) filters.text = value;
    else return null;
  }
  return filters;
}

/** The texts that a matcher accepts, [] for any, null when it is not a list of texts. */
function valuesOf({ operator, value }) {
  if (operator === "=") return value ? [value] : null;
  if (operator !== "=~") return null;
  if (value === ".+") return [];
  const values = alternatives(value);
  return values?.every((one) => one !== "") ? values : null;
}

/** `a|b\.c` → ["a", "b.c"]; null for an expression that is more than alternatives of plain text. */
function alternatives(expression) {
  const found = [""];
  for (let i = 0; i < expression.length; i += 1) {
    const character = expression[i];
    if (character === "|") {
      found.push("");
    } else if (character === "\\") {
      i += 1;
      if (!/[\\^$.*+?()[\]{}|]/.test(expression[i] ?? "")) return null;
      found[found.length - 1] += expression[i];
    } else if (/[\\^$.*+?()[\]{}]/.test(character)) {
      return null;
    } else {
      found[found.length - 1] += character;
    }
  }
  return found;
}

/** The levels whose spellings these are, all of each; null otherwise. One spelling alone stands for its level. */
function readLevels(values) {
  if (values.length === 0) return null;
  const levels = ordered([...new Set(values.map(levelNamed))]);
  if (levels.includes("unknown")) return null;
  const whole = levels.flatMap(spellingsOf);
  return values.length === 1 || [...values].sort().join() === whole.sort().join() ? levels : null;
}

/** "unknown" has no spelling: what states no level cannot be chosen by one. */
function spellingsOf(level) {
  return spellings(level);
}

function ordered(levels) {
  return LEVELS.filter((level) => levels.includes(level));
}
