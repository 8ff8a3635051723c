/**
 * Who calls whom where Prometheus has no service graph: read from the newest traces. What is counted are the calls in
 * those traces, so shares and times are those of a sample, and the rate of all calls is not known.
 */

import { search, trace } from "../data/tempo.js";
import { WORLD } from "../graph/service_graph.js";
import { parseTrace } from "../trace/model.js";

const MOST_TRACES = 30;
const DATABASE = ["db.system.name", "db.system", "db.name", "db.namespace"];
const PEER = ["peer.service", "server.address"];

/**
 * @param {{from: number, to: number, signal: AbortSignal}} range
 * @returns {Promise<{numbers: Map, traces: number}>} numbers in the form of a union's answer, calls per second
 */
export async function numbersFromTraces({ from, to, signal }) {
  const found = await search("{ }", { from, to, limit: MOST_TRACES, signal });
  const traces = await Promise.all(
    found.map(({ traceId }) =>
      trace(traceId, { signal })
        .then(parseTrace)
        .catch((error) => {
          // One trace that has gone meanwhile is no reason to show none.
          if (signal.aborted) throw error;
          return null;
        }),
    ),
  );
  const read = traces.filter(Boolean);
  return { numbers: numbersOf(read.flatMap(callsIn), to - from), traces: read.length };
}

/**
 * The calls of a trace: a span whose parent is another service's; a client's span that names what it calls and that
 * nobody answered with a span; and the first span of all, which a visitor caused.
 *
 * @returns {{client: string, server: string, type: string, seconds: number, isFailed: boolean, isError: boolean}[]}
 *     `isFailed`: the server's span has an error; `isError`: either has
 */
export function callsIn({ spans }) {
  const answered = new Set();
  const calls = [];
  for (const span of spans) {
    const { parent } = span;
    if (!parent && span.kind === "server") calls.push(callOf(WORLD, span.service, "virtual_node", span, span));
    if (!parent || parent.missing || parent.service === span.service) continue;
    answered.add(parent);
    calls.push(callOf(parent.service, span.service, span.kind === "consumer" ? "messaging_system" : "", parent, span));
  }
  for (const span of spans) {
    if (span.kind !== "client" || answered.has(span)) continue;
    const database = first(span.attributes, DATABASE);
    const peer = first(span.attributes, database ? [...PEER, ...DATABASE] : PEER.slice(0, 1));
    if (peer) calls.push(callOf(span.service, String(peer), database ? "database" : "virtual_node", span, span));
  }
  return calls;
}

function callOf(client, server, type, outer, inner) {
  const isFailed = inner.status === "error";
  const isError = isFailed || outer.status === "error";
  return { client, server, type, seconds: outer.duration / 1e6, isFailed, isError };
}

function first(attributes, names) {
  return names.map((name) => attributes.get(name)).find((value) => value !== undefined && value !== "");
}

/** Calls as the numbers of a union. */
export function numbersOf(calls, seconds) {
  const groups = Map.groupBy(calls, ({ client, server, type }) => JSON.stringify([client, server, type]));
  const numbers = new Map(["calls", "callErrors", "callFailures", "callP50", "callP95"].map((id) => [id, []]));
  for (const group of groups.values()) {
    const { client, server, type } = group[0];
    const labels = { client, server, connection_type: type };
    const times = group.map((call) => call.seconds).sort((a, b) => a - b);
    const put = (id, value) => numbers.get(id).push({ labels, value });
    put("calls", group.length / seconds);
    put("callErrors", group.filter(({ isFailed }) => isFailed).length / group.length);
    put("callFailures", group.filter(({ isError }) => isError).length / group.length);
    put("callP50", quantile(times, 0.5));
    put("callP95", quantile(times, 0.95));
  }
  return numbers;
}

function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}
