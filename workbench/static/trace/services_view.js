/** The services of a trace and their calls, as a graph. */

import { serviceCss } from "../colours.js";
import { duration } from "../format/time.js";
import { nodeGraph } from "../graph/node_graph.js";
import { h } from "../ui/dom.js";
import { conditionOn } from "./find.js";
import { count } from "./head.js";
import { callsBetweenServices } from "./statistics.js";

/**
 * @param {HTMLElement} root
 * @param {{trace, onFind: function(string)}} options `onFind` shows a service's spans in the waterfall
 * @returns {{destroy: function(): void}}
 */
export function servicesView(root, { trace, onFind }) {
  const { services, calls } = callsBetweenServices(trace);
  const micros = (value) => duration(value / 1e6);
  const most = Math.max(...calls.map((call) => call.total), 1);
  const place = h("div", { class: "trace-services-map" });
  root.append(
    h(
      "p",
      { class: "quiet small" },
      "In each service: its own time, in which none of its calls ran. A click shows its spans.",
    ),
    place,
  );
  return nodeGraph(place, {
    label: "Services of this trace and their calls",
    nodes: services.map((sum) => ({
      id: sum.service,
      title: sum.service,
      subtitle: count(sum.count, "span"),
      kind: "service",
      mainStat: micros(sum.self),
      secondaryStat: `${(sum.share * 100).toFixed(0)} % of all work`,
      status: sum.errors ? "bad" : "good",
      statusText: sum.errors ? count(sum.errors, "error") : "no errors",
      colour: serviceCss(sum.service),
    })),
    edges: calls.map((call) => ({
      source: call.source,
      target: call.target,
      mainStat: count(call.count, "call"),
      secondaryStat: micros(call.total),
      status: call.errors ? "bad" : "good",
      weight: call.total / most,
    })),
    onNode: (node) => onFind(conditionOn("service", node.id)),
    onEdge: (edge) => onFind(conditionOn("service", edge.target)),
  });
}
