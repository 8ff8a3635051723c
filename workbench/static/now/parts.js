/**
 * What stands behind a service: its cache, its pool of connections, its tables. Found by metrics that any service may
 * have, so whoever records them under these names is shown, too. Each finder is a table row, not code of a system.
 */

import { percent, rate, time } from "../format/amounts.js";

/** Numbers to ask for. */
export const PART_NUMBERS = [
  {
    id: "cacheHits",
    title: "Cache hit ratio",
    tells: "The share of lookups that the cache answers; the rest goes to the service below.",
    unit: "percentunit",
    expr: "service:cache_hits:ratio1m",
  },
  {
    id: "cacheLookups",
    title: "Cache lookups per second",
    tells: "How often the cache is asked.",
    unit: "reqps",
    expr: "service:cache_lookups:rate1m",
  },
  {
    id: "pool",
    title: "Connections in use",
    tells: "The mean share of the pool's connections that are in use. At 100 % requests wait, then fail.",
    unit: "percentunit",
    expr: "service:connections_in_use:ratio1m",
  },
  {
    id: "tableQueries",
    title: "Queries per second by table",
    tells: "Queries that the database executed.",
    unit: "reqps",
    expr: "sum by (service, table) (service_table:queries:rate1m)",
  },
  {
    id: "tableTime",
    title: "Mean time of a query by table",
    tells: "From the start of the execution to its end, without the wait for a connection.",
    unit: "s",
    expr:
      "sum by (service, table) (service_table:queries:rate1m * service_table:query_duration_seconds:mean1m)\n" +
      "/ (sum by (service, table) (service_table:queries:rate1m) > 0)",
  },
];

/** Which rules' alerts are about which kind of part: those whose query reads one of these series. */
const READS = {
  cache: /service:cache_/,
  pool: /service:connections_in_use:/,
  table: /service_table:/,
};

/** More tables than this are counted, not listed. */
const MOST_TABLES = 4;

/**
 * The parts of each service.
 *
 * @param {Map<string, {labels: Object<string, string>, value: number}[]>} numbers  by id
 * @param {{query: string, state: string, labels: Object<string, string>}[]} alerts  active, with their rule's query
 * @returns {Map<string, {id: string, title: string, text: string, share?: number, status: string}[]>} by service
 */
export function partsOf(numbers, alerts) {
  const parts = new Map();
  const of = (id) => numbers.get(id) ?? [];
  const valueOf = (id, labels) =>
    of(id).find((one) => Object.entries(labels).every(([name, value]) => one.labels[name] === value))?.value;
  const add = (service, part) => parts.set(service, [...(parts.get(service) ?? []), part]);

  for (const {
    labels: { service },
    value,
  } of of("cacheLookups")) {
    const hits = valueOf("cacheHits", { service });
    add(service, {
      id: "cache",
      title: "cache",
      text: hits === undefined ? "not asked" : `${percent(hits)} of ${rate(value)}`,
      share: hits,
      status: statusOf("cache", alerts, { service }),
      label: hits === undefined ? "cache: not asked" : `cache: answers ${percent(hits)} of ${rate(value)} lookups`,
    });
  }
  for (const {
    labels: { service },
    value,
  } of of("pool")) {
    add(service, {
      id: "pool",
      title: "pool",
      text: `${percent(value)} in use`,
      share: value,
      status: statusOf("pool", alerts, { service }),
      label: `connection pool: ${percent(value)} in use`,
    });
  }
  const tables = of("tableQueries").toSorted((a, b) => (a.labels.table < b.labels.table ? -1 : 1));
  const listed = new Map();
  for (const {
    labels: { service, table },
    value,
  } of tables) {
    listed.set(service, (listed.get(service) ?? 0) + 1);
    if (listed.get(service) > MOST_TABLES) continue;
    const mean = valueOf("tableTime", { service, table });
    const text = mean === undefined ? rate(value) : `${rate(value)}, ${time(mean)}`;
    add(service, {
      id: `table ${table}`,
      title: table,
      text,
      status: statusOf("table", alerts, { service, table }),
      label: `table ${table}: ${text} on average`,
    });
  }
  return parts;
}

function statusOf(kind, alerts, labels) {
  const about = alerts.filter(
    (alert) =>
      READS[kind].test(alert.query) &&
      Object.entries(labels).every(([name, value]) => (alert.labels[name] ?? value) === value),
  );
  if (about.length === 0) return "good";
  return about.some((alert) => alert.state === "firing" && alert.labels.severity === "page") ? "bad" : "warning";
}
