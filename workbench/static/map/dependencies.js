/** Who depends on whom, as rows: from the numbers of calls over a range, and from those of the range before. Pure. */

import { csv } from "../format/csv.js";
import { iso } from "../format/time.js";
import { callsOf, serviceGraph, WORLD } from "../graph/service_graph.js";

/**
 * @typedef {{client: string, server: string, type: string, calls: number, errors: number|undefined,
 *     failures: number|undefined, p50: number|undefined, p95: number|undefined, share: number, since: number|null,
 *     last: number|null, times: ArrayLike<number>, values: ArrayLike<number>,
 *     before: {calls: number, errors: number|undefined, p95: number|undefined}|null}} Dependency
 *     `calls` per second; `errors` without 4xx, `failures` with them; `share` of all calls; `since` and `last` in unix
 *     seconds, null when not known
 */

/**
 * @param {Map<string, {labels: Object<string, string>, value: number}[]>} numbers  by id
 * @param {{history?: {labels: Object<string, string>, times: ArrayLike<number>, values: ArrayLike<number>}[],
 *     before?: Map|null}} more  calls per second over time; the numbers of the range before
 * @returns {Dependency[]} by caller, then callee
 */
export function dependenciesOf(numbers, { history = [], before = null } = {}) {
  const rows = callsOf(numbers);
  const earlier = before === null ? null : new Map(callsOf(before).map((row) => [keyOf(row), row]));
  const courses = new Map(
    history.map((series) => [keyOf({ ...series.labels, type: series.labels.connection_type ?? "" }), series]),
  );
  const total = rows.reduce((sum, { calls }) => sum + calls, 0);
  return rows.map((row) => {
    const { times = [], values = [] } = courses.get(keyOf(row)) ?? {};
    const { calls = 0, errors, p95 } = earlier?.get(keyOf(row)) ?? {};
    return {
      ...row,
      share: total > 0 ? row.calls / total : 0,
      ...seen(times, values),
      times,
      values,
      before: earlier && { calls, errors, p95 },
    };
  });
}

/** When the first and the last call was; null before which nobody looked. */
function seen(times, values) {
  const has = Array.from(values, (value) => value > 0);
  const first = has.indexOf(true);
  const last = has.lastIndexOf(true);
  return { since: first > 0 ? times[first] : null, last: last >= 0 ? times[last] : null };
}

function keyOf({ client, server, type }) {
  return JSON.stringify([client, server, type]);
}

/** What a kind of connection is called. */
export function kindOf({ client, type }) {
  if (client === WORLD && type === "virtual_node") return "visitors";
  return { "": "call", database: "database", messaging_system: "message", virtual_node: "outside" }[type] ?? type;
}

/**
 * The services of the rows as nodes of the graph, the rows as its edges.
 *
 * @param {Dependency[]} rows
 * @param {{focus?: string|null, selected?: {service?: string|null, call?: [string, string]|null},
 *     down?: Set<string>}} options  `down`: services that are not reached
 */
export function graphOf(rows, { focus = null, selected = {}, down = new Set() }) {
  const { nodes, edges } = serviceGraph(rows);
  const ofFocus = edges.filter(({ source, target }) => source === focus || target === focus);
  const near = new Set([focus, ...ofFocus.flatMap(({ source, target }) => [source, target])]);
  return {
    nodes: nodes.map((node) => ({
      ...node,
      ...(down.has(node.id) ? { status: "bad", statusText: "down" } : {}),
      isSelected: selected.service === node.id,
      isDimmed: focus !== null && !near.has(node.id),
    })),
    edges: edges.map((edge) => ({
      ...edge,
      isSelected: selected.call?.[0] === edge.source && selected.call?.[1] === edge.target,
      isDimmed: focus !== null && !ofFocus.includes(edge),
    })),
  };
}

/** The table as a file for a spreadsheet. */
export function csvOf(rows) {
  const isCompared = rows.some(({ before }) => before !== null);
  return csv([
    [
      "client",
      "server",
      "kind",
      "requests_per_second",
      "failed_share",
      "failed_share_with_4xx",
      "p50_seconds",
      "p95_seconds",
      "share_of_calls",
      "since",
      "last_seen",
      ...(isCompared ? ["requests_per_second_before", "failed_share_before", "p95_seconds_before"] : []),
    ],
    ...rows.map((row) => [
      row.client,
      row.server,
      kindOf(row),
      row.calls,
      row.errors,
      row.failures,
      row.p50,
      row.p95,
      row.share,
      row.since === null ? null : iso(row.since),
      row.last === null ? null : iso(row.last),
      ...(isCompared ? [row.before?.calls, row.before?.errors, row.before?.p95] : []),
    ]),
  ]);
}
