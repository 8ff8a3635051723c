/** A system's facts as nodes and edges of the graph: what is written on them, what a screen reader says. Pure. */

import { amount, percent, time } from "../format/amounts.js";
import { edgeWords, WORLD } from "../graph/service_graph.js";

/**
 * @param {object} system  of `factsOf`
 * @param {{service?: string|null, call?: [string, string]|null}} selected
 * @returns {{nodes: import("../graph/node_graph.js").GraphNode[], edges: import("../graph/node_graph.js").GraphEdge[]}}
 */
export function graphOf(system, selected = {}) {
  const most = Math.max(0.001, ...system.calls.map(({ calls }) => calls ?? 0));
  return {
    nodes: system.nodes.map((node) => nodeOf(node, system, selected)),
    edges: system.calls.map((call) => edgeOf(call, most, selected)),
  };
}

function nodeOf({ id, kind, title, facts }, system, selected) {
  if (id === WORLD) return world(system);
  const { numbers, state, parts, alerts } = facts;
  const isDown = numbers.up === 0;
  const incoming = system.calls.filter((call) => call.server === id);
  // What sends no spans is known by its callers only.
  const requests = numbers.requests ?? sum(incoming.map(({ calls }) => calls));
  const errors = numbers.errors ?? incoming.find((call) => call.errors !== undefined)?.errors;
  const mainStat = isDown ? "no answer" : requests === undefined ? "" : `${amount(requests)} requests/s`;
  const secondaryStat =
    isDown || !(requests > 0)
      ? ""
      : [
          errors === undefined ? null : `${percent(errors)} fail`,
          numbers.p95 === undefined ? null : `p95 ${time(numbers.p95)}`,
        ]
          .filter(Boolean)
          .join(", ");
  const isGuest = numbers.up === undefined && kind !== "service";
  const status = isGuest ? guestStatus(incoming) : state.status;
  const word = isGuest ? (requests > 0 ? "" : "no calls") : state.word;
  return {
    id,
    title,
    kind,
    mainStat,
    secondaryStat,
    status,
    statusText: word,
    parts,
    isSelected: selected.service === id,
    hint: [title, state.reason].filter(Boolean).join(": "),
    label: [
      `${title}: ${word || status}`,
      requests > 0 ? `${amount(requests)} requests per second` : null,
      requests > 0 && errors !== undefined ? `${percent(errors)} errors` : null,
      requests > 0 && numbers.p95 !== undefined ? `p95 ${time(numbers.p95)}` : null,
      ...parts.map((part) => part.label),
      alerts.length > 0 ? `${alerts.length} active alerts` : null,
    ]
      .filter(Boolean)
      .join(", "),
  };
}

function world(system) {
  const requests = sum(system.calls.filter(({ client }) => client === WORLD).map(({ calls }) => calls));
  const text = requests > 0 ? `${amount(requests)} requests/s` : "nobody asks";
  return {
    id: WORLD,
    kind: "world",
    title: "Visitors",
    mainStat: "you, load, others",
    status: "unknown",
    statusText: "",
    label: `Visitors, generated ones included: ${text}`,
    hint: "Whoever sends requests and no spans: you in a browser, generated traffic, load tests.",
  };
}

function edgeOf(call, most, selected) {
  const { client, server, calls, state } = call;
  const isCalling = calls > 0;
  const words = isCalling ? edgeWords(call) : null;
  return {
    source: client,
    target: server,
    status: state.status,
    isPlanned: !isCalling,
    weight: isCalling ? Math.sqrt(calls / most) : 0,
    mainStat: words?.mainStat ?? state.word,
    secondaryStat: isCalling && state.word === "no answer" ? state.word : (words?.secondaryStat ?? ""),
    isSelected: selected.call?.[0] === client && selected.call?.[1] === server,
    label: isCalling
      ? `${words.label}, ${objective(state)}`
      : `${client === WORLD ? "visitors call" : `${client} calls`} ${server}: ${state.reason || state.word}`,
  };
}

function objective(state) {
  return { good: "within its objective", warning: "at risk", bad: "broken" }[state.status] ?? "not known how it is";
}

function guestStatus(incoming) {
  const statuses = incoming.map(({ state }) => state.status);
  return ["bad", "warning", "good"].find((status) => statuses.includes(status)) ?? "unknown";
}

function sum(values) {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0);
}
