/**
 * Calls between services as nodes and edges of the graph, and which of them are good, at risk or broken. Pure.
 *
 * What is asked for the numbers is in call_questions.js, how they are drawn in node_graph.js.
 */

import { amount, percent, rate, time } from "../format/amounts.js";

/** Who the service graph says calls when nobody sends a span. */
export const WORLD = "user";

/**
 * What a call may fail and take: those of the alerts, which docs/alerts.md describes. Above the limit of one with
 * severity "page" a call is broken, above that of a "ticket" at risk. A test holds them to the rules.
 */
export const LIMITS = Object.freeze({
  /** Share that the callee fails: HighErrorRate, and the objective of 99 %. Page. */
  errors: 0.01,
  /** Seconds in which 95 of 100 are answered: HighLatency, and the objective of 95 % below it. Page. */
  p95: 0.5,
  /** Seconds on average: SlowServiceCalls. Ticket. */
  mean: 0.1,
});

/**
 * @typedef {{client: string, server: string, type?: string, calls: number, errors?: number, p95?: number,
 *     mean?: number}} Call  `calls` per second; `errors`, the share of them, without 4xx; `p95` and `mean` in seconds
 */

/**
 * How calls are by these numbers.
 *
 * @param {{errors?: number, p95?: number, mean?: number}} numbers  those that are known
 * @returns {{status: "good"|"warning"|"bad"|"unknown", reason: string}} `reason`: what of them is above its limit
 */
export function verdictOn({ errors, p95, mean }) {
  if (errors > LIMITS.errors) return bad(`${percent(errors)} fail, more than ${percent(LIMITS.errors)}`);
  if (p95 > LIMITS.p95) return bad(`p95 is ${time(p95)}, above ${time(LIMITS.p95)}`);
  if (mean > LIMITS.mean) {
    return { status: "warning", reason: `${time(mean)} on average, above ${time(LIMITS.mean)}` };
  }
  return { status: errors === undefined ? "unknown" : "good", reason: "" };
}

function bad(reason) {
  return { status: "bad", reason };
}

const NUMBERS = {
  calls: "calls",
  callErrors: "errors",
  callFailures: "failures",
  callP50: "p50",
  callP95: "p95",
  callMean: "mean",
};

/**
 * The answers to call_questions.js as calls, by client, server and type; pairs without calls are left out.
 *
 * @param {Map<string, {labels: Object<string, string>, value: number}[]>} numbers  by id
 * @returns {Call[]} ordered by client, then server; what is not known is undefined
 */
export function callsOf(numbers) {
  const found = new Map();
  for (const [id, name] of Object.entries(NUMBERS)) {
    for (const {
      labels: { client, server, connection_type: type = "" },
      value,
    } of numbers.get(id) ?? []) {
      if (client === undefined || server === undefined) continue;
      const key = JSON.stringify([client, server, type]);
      if (!found.has(key)) found.set(key, { client, server, type, calls: 0 });
      found.get(key)[name] = value;
    }
  }
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return [...found.values()]
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => order(a.client, b.client) || order(a.server, b.server) || order(a.type, b.type));
}

/**
 * @param {Call[]} all
 * @param {{newest?: Call[]}} [options]  what calls are judged by where their numbers are means over a long time
 * @returns {{nodes: import("./node_graph.js").GraphNode[], edges: import("./node_graph.js").GraphEdge[]}}
 */
export function serviceGraph(all, { newest = all } = {}) {
  const calls = merged(all);
  const judged = newest === all ? calls : merged(newest);
  const most = Math.max(0, ...calls.map((call) => call.calls));
  const names = [...new Set(calls.flatMap(({ client, server }) => [client, server]))].sort();
  const into = (list, name) => list.filter(({ server }) => server === name);
  return {
    nodes: names.map((name) => nodeOf(name, into(calls, name), into(judged, name))),
    edges: calls.map((call) => {
      const own = judged.find(({ client, server }) => client === call.client && server === call.server);
      return edgeOf(call, verdictOn(own ?? {}).status, most);
    }),
  };
}

function nodeOf(name, incoming, judged) {
  const { calls, errors } = together(incoming);
  const isWorld = name === WORLD && incoming.length === 0;
  const isCalled = calls > 0;
  return {
    id: name,
    title: isWorld ? "Visitors" : name,
    kind: isWorld ? "world" : kindOfNode(incoming),
    mainStat: isCalled ? `${amount(calls)} calls/s` : "",
    secondaryStat: isCalled && errors !== undefined ? `${percent(errors)} fail` : "",
    status: isCalled ? verdictOn(together(judged)).status : "unknown",
    statusText: isCalled ? (judged.length === 0 ? "idle" : undefined) : "",
    label: [
      isWorld ? "Visitors" : name,
      isCalled ? `${amount(calls)} calls per second come in, ${percent(errors)} fail` : "nobody calls it",
    ].join(": "),
  };
}

/** What comes in from several callers; who waits longest says how long. */
function together(incoming) {
  const calls = incoming.reduce((sum, call) => sum + call.calls, 0);
  const mean = (name) => {
    const known = incoming.filter((call) => call[name] !== undefined);
    return known.length === 0 ? undefined : known.reduce((sum, call) => sum + call[name] * call.calls, 0) / calls;
  };
  const longest = (name) => {
    const known = incoming.map((call) => call[name]).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  return { calls, errors: mean("errors"), p95: longest("p95"), mean: longest("mean") };
}

function edgeOf(call, status, most) {
  return {
    source: call.client,
    target: call.server,
    status,
    weight: most > 0 ? Math.sqrt(call.calls / most) : 0,
    ...edgeWords(call),
  };
}

/** What stands on an arrow, and what a screen reader says of it. */
export function edgeWords({ client, server, calls, errors, p95, mean }) {
  const long = p95 ?? mean;
  const names = client === WORLD ? `visitors call ${server}` : `${client} calls ${server}`;
  return {
    mainStat: rate(calls),
    secondaryStat: [errors === undefined ? null : percent(errors), long === undefined ? null : time(long)]
      .filter(Boolean)
      .join(" · "),
    label:
      `${names}: ${amount(calls)} requests per second, ${percent(errors)} errors, ` +
      (p95 === undefined && mean !== undefined ? `${time(mean)} on average` : `p95 ${time(p95)}`),
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
function merged(calls) {
  const found = new Map();
  for (const call of calls) {
    const key = JSON.stringify([call.client, call.server]);
    const other = found.get(key);
    if (!other) found.set(key, call);
    else found.set(key, { ...(other.calls >= call.calls ? other : call), calls: other.calls + call.calls });
  }
  return [...found.values()];
}
