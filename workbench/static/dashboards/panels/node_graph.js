/** Panels of type nodeGraph: who calls whom, from the series that Tempo makes of spans. */

import { exploreAddress, logsAddress, serviceAddress } from "../../addresses.js";
import { quote } from "../../editor/quoting.js";
import { amount, percent, time } from "../../format/amounts.js";
import { formatValue } from "../../format/units.js";
import { nodeGraph } from "../../graph/node_graph.js";
import { serviceGraph, WORLD } from "../../graph/service_graph.js";
import { menu } from "../../ui/menu.js";

export function draw(root, panel, tools) {
  const open = (service, anchor) => menu(anchor, wayOn(service, tools));
  const graph = nodeGraph(root, {
    ...graphOf([]),
    label: tools.words(panel.title),
    fill: true,
    onNode: (node, event) => open(node.id, anchorOf(event)),
    onEdge: (edge, event) => open(edge.target, anchorOf(event)),
  });
  return { update: ({ answers }) => graph.update(graphOf(answers)), destroy: () => graph.destroy() };
}

export function isEmpty({ answers }) {
  return graphOf(answers).nodes.length === 0;
}

const anchorOf = (event) => event?.currentTarget ?? event?.target ?? event;

function wayOn(service, tools) {
  const range = tools.rangeInAddress();
  const selector = `{ resource.service.name = ${quote(service)} && kind = server }`;
  const items = [
    { text: `Traces through ${service}`, href: exploreAddress([{ source: "tempo", query: selector }], range) },
    { text: `Log lines of ${service}`, href: logsAddress({ query: `{service=${quote(service)}}`, ...range }) },
    { text: `${service} on the first page`, href: serviceAddress(service) },
  ];
  // Whoever calls from outside sends no telemetry.
  return service === WORLD ? [{ heading: "Whoever calls from outside: no telemetry of its own" }] : items;
}

/**
 * Nodes and edges from the answers to a service map's three questions (requests, seconds and failures per second, by
 * client and server, over the whole range) and from what the calls of its newest minute are. Pure.
 *
 * The numbers are those that Grafana shows, which judges nothing: after a bad minute in a good hour they are still
 * fine. So how a service is comes from the newest minute, as on the first page.
 *
 * @param {Array<{question: {part: string}, samples?: Array<{labels: Object, value: number}>,
 *   calls?: import("../../graph/service_graph.js").Call[]}>} answers
 */
export function graphOf(answers) {
  const found = new Map();
  for (const { question, samples = [] } of answers) {
    for (const { labels, value } of samples) {
      const key = JSON.stringify([labels.client, labels.server]);
      const { client, server } = labels;
      const call = found.get(key) ?? { client, server, requests: 0, seconds: 0, failed: 0 };
      found.set(key, { ...call, [question.part]: value });
    }
  }
  const calls = [...found.values()]
    .filter(({ requests }) => requests > 0)
    .map((call) => ({
      client: call.client,
      server: call.server,
      calls: call.requests,
      mean: call.seconds / call.requests,
      failed: call.failed / call.requests,
    }));
  const newest = answers.find((answer) => answer.calls)?.calls ?? [];
  const { nodes, edges } = serviceGraph(calls, { newest });
  return {
    nodes: nodes.map((node) => ({ ...node, ...numbersInto(calls.filter(({ server }) => server === node.id)) })),
    edges: edges.map((edge) => ({ ...edge, ...labelOf(edge, calls) })),
  };
}

/** As Grafana has them: how long, how often. */
function numbersInto(incoming) {
  const calls = incoming.reduce((sum, call) => sum + call.calls, 0);
  if (calls === 0) return { mainStat: "", secondaryStat: "" };
  const seconds = incoming.reduce((sum, call) => sum + call.mean * call.calls, 0);
  return { mainStat: formatValue(seconds / calls, "s"), secondaryStat: formatValue(calls, "reqps"), label: undefined };
}

function labelOf({ source, target }, calls) {
  const { calls: rate, mean, failed } = calls.find(({ client, server }) => client === source && server === target);
  return {
    label:
      `${source} calls ${target}: ${amount(rate)} requests per second, ${percent(failed)} failed (4xx included), ` +
      `${time(mean)} on average`,
  };
}
