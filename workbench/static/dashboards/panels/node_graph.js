/** Panels of type nodeGraph: who calls whom, from the series that Tempo makes of spans. */

import { exploreAddress, logsAddress, serviceAddress } from "../../addresses.js";
import { quote } from "../../editor/quoting.js";
import { formatValue } from "../../format/units.js";
import { nodeGraph } from "../../graph/node_graph.js";
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
  return service === "user" ? [{ heading: "Whoever calls from outside: no telemetry of its own" }] : items;
}

/**
 * Nodes and edges from the answers to a service map's three questions: requests, seconds and failures per second, by
 * client and server. Pure.
 *
 * @param {Array<{question: {part: string}, samples: Array<{labels: Object, value: number}>}>} answers
 */
export function graphOf(answers) {
  const calls = new Map();
  for (const { question, samples = [] } of answers) {
    for (const { labels, value } of samples) {
      const key = JSON.stringify([labels.client, labels.server]);
      const call = calls.get(key) ??
        { source: labels.client, target: labels.server, requests: 0, seconds: 0, failed: 0 };
      call[question.part] = value;
      calls.set(key, call);
    }
  }
  const edges = [...calls.values()].filter(({ requests }) => requests > 0);
  const names = [...new Set(edges.flatMap(({ source, target }) => [source, target]))];
  return {
    nodes: names.map((name) => nodeOf(name, edges.filter(({ target }) => target === name))),
    edges: edges.map((call) => ({
      source: call.source,
      target: call.target,
      mainStat: `${formatValue(Number(call.requests.toPrecision(2)), "short")}/s`,
      secondaryStat: formatValue(call.seconds / call.requests, "s"),
      status: statusOf(call.failed / call.requests),
      weight: call.requests,
    })),
  };
}

function nodeOf(name, incoming) {
  const total = (part) => incoming.reduce((sum, call) => sum + call[part], 0);
  const [requests, seconds, failed] = [total("requests"), total("seconds"), total("failed")];
  if (requests === 0) {
    return { id: name, title: name, kind: "world", status: "unknown", mainStat: "", secondaryStat: "", shares: [] };
  }
  const share = Math.min(failed / requests, 1);
  return {
    id: name,
    title: name,
    subtitle: "",
    kind: "service",
    mainStat: formatValue(seconds / requests, "s"),
    secondaryStat: formatValue(requests, "reqps"),
    status: statusOf(share),
    shares: [
      { share: 1 - share, colour: "var(--good)" },
      { share, colour: "var(--bad)" },
    ],
  };
}

/** A few refused requests (404) are usual. */
function statusOf(share) {
  return share >= 0.25 ? "bad" : share >= 0.1 ? "warning" : "good";
}
