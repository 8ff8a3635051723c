/** Who depends on whom, as rows: from the numbers of calls over a range, and from those of the range before. Pure. */

import { csv } from "../format/csv.js";
import { iso } from "../format/time.js";
import { WORLD } from "../now/facts.js";
import { amount, percent, rate, time } from "../now/words.js";

/**
 * @typedef {{client: string, server: string, type: string, calls: number, errors: number|undefined,
 *     failures: number|undefined, p50: number|undefined, p95: number|undefined, share: number, since: number|null,
 *     last: number|null, times: ArrayLike<number>, values: ArrayLike<number>,
 *     before: {calls: number, errors: number|undefined, p95: number|undefined}|null}} Dependency
 *     `calls` per second; `errors` without 4xx, `failures` with them; `share` of all calls; `since` and `last` in unix
 *     seconds, null when not known
 */

const NUMBERS = { calls: "calls", callErrors: "errors", callFailures: "failures", callP50: "p50", callP95: "p95" };

/**
 * @param {Map<string, {labels: Object<string, string>, value: number}[]>} numbers  by id
 * @param {{history?: {labels: Object<string, string>, times: ArrayLike<number>, values: ArrayLike<number>}[],
 *     before?: Map|null}} more  calls per second over time; the numbers of the range before
 * @returns {Dependency[]} by caller, then callee
 */
export function dependenciesOf(numbers, { history = [], before = null } = {}) {
  const rows = rowsOf(numbers);
  const earlier = before === null ? null : new Map(rowsOf(before).map((row) => [keyOf(row), row]));
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

function rowsOf(numbers) {
  const rows = new Map();
  for (const [id, name] of Object.entries(NUMBERS)) {
    for (const {
      labels: { client, server, connection_type: type = "" },
      value,
    } of numbers.get(id) ?? []) {
      if (client === undefined || server === undefined) continue;
      const key = keyOf({ client, server, type });
      if (!rows.has(key))
        rows.set(key, {
          client,
          server,
          type,
          calls: 0,
          errors: undefined,
          failures: undefined,
          p50: undefined,
          p95: undefined,
        });
      rows.get(key)[name] = value;
    }
  }
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return [...rows.values()]
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => order(a.client, b.client) || order(a.server, b.server) || order(a.type, b.type));
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
 * @param {{focus?: string|null, selected?: {service?: string|null, call?: [string, string]|null}, errorLimit?: number,
 *     down?: Set<string>}} options  `down`: services that are not reached
 */
export function graphOf(rows, { focus = null, selected = {}, errorLimit = Infinity, down = new Set() }) {
  const edges = merged(rows);
  const most = Math.max(0, ...edges.map(({ calls }) => calls));
  const near = new Set([
    focus,
    ...edges
      .filter(({ client, server }) => client === focus || server === focus)
      .flatMap(({ client, server }) => [client, server]),
  ]);
  const names = [...new Set(edges.flatMap(({ client, server }) => [client, server]))].sort();
  const statusOf = ({ errors }) => (errors === undefined ? "unknown" : errors > errorLimit ? "bad" : "good");
  return {
    nodes: names.map((name) => {
      const incoming = edges.filter(({ server }) => server === name);
      const calls = incoming.reduce((sum, edge) => sum + edge.calls, 0);
      const errors =
        calls > 0 ? incoming.reduce((sum, edge) => sum + (edge.errors ?? 0) * edge.calls, 0) / calls : undefined;
      const status = down.has(name) ? "bad" : statusOf({ errors });
      const isWorld = name === WORLD && incoming.length === 0;
      return {
        id: name,
        title: isWorld ? "Visitors" : name,
        kind: isWorld ? "world" : kindOfNode(incoming),
        mainStat: isWorld ? "" : calls > 0 ? `${amount(calls)} calls/s` : "",
        secondaryStat: isWorld || !(calls > 0) ? "" : `${percent(errors)} fail`,
        status: isWorld || calls === 0 ? (status === "bad" ? "bad" : "unknown") : status,
        statusText: down.has(name) ? "down" : isWorld || calls === 0 ? "" : undefined,
        isSelected: selected.service === name,
        isDimmed: focus !== null && !near.has(name),
        label: [
          isWorld ? "Visitors" : name,
          calls > 0 ? `${amount(calls)} calls per second come in, ${percent(errors)} fail` : "nobody calls it",
        ].join(": "),
      };
    }),
    edges: edges.map((edge) => ({
      source: edge.client,
      target: edge.server,
      mainStat: rate(edge.calls),
      secondaryStat: [
        edge.errors === undefined ? null : percent(edge.errors),
        edge.p95 === undefined ? null : time(edge.p95),
      ]
        .filter(Boolean)
        .join(" · "),
      status: statusOf(edge),
      weight: most > 0 ? Math.sqrt(edge.calls / most) : 0,
      isSelected: selected.call?.[0] === edge.client && selected.call?.[1] === edge.server,
      isDimmed: focus !== null && edge.client !== focus && edge.server !== focus,
      label:
        `${edge.client === WORLD ? "visitors call" : `${edge.client} calls`} ${edge.server}: ` +
        `${amount(edge.calls)} requests per second, ` +
        `${percent(edge.errors ?? NaN)} errors, p95 ${time(edge.p95)}`,
    })),
  };
}

/** What a callee is, by the ways it is called. */
function kindOfNode(incoming) {
  if (incoming.some(({ type }) => type === "database")) return "database";
  const isNamedByCallers =
    incoming.length > 0 && incoming.every(({ client, type }) => type === "virtual_node" && client !== WORLD);
  return isNamedByCallers ? "outside" : "service";
}

/** A pair that is joined in more than one way is one arrow, with the numbers of the way that is used most. */
function merged(rows) {
  const found = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.client, row.server]);
    const other = found.get(key);
    if (!other) found.set(key, row);
    else found.set(key, { ...(other.calls >= row.calls ? other : row), calls: other.calls + row.calls });
  }
  return [...found.values()];
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
