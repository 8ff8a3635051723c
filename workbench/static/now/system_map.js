/** The live map of a system; with several systems, one at a time. */

import { mapAddress } from "../addresses.js";
import { nodeGraph } from "../graph/node_graph.js";
import { WORLD } from "../graph/service_graph.js";
import { statusIcon } from "../graph/status_shape.js";
import { h } from "../ui/dom.js";
import { chosenIn } from "./chosen.js";
import { measured } from "./measured.js";
import { graphOf } from "./system_graph.js";
import { counted } from "./words.js";

const LEGEND = [
  ["good", "within its objective"],
  ["warning", "at risk: an alert about it fires or waits"],
  ["bad", "broken or down"],
  ["unknown", "idle, or nothing known"],
];

/**
 * @param {object} context  of the page
 * @param {{numbers: object[]}} options  what is asked, for "How is this measured?"
 * @returns {{element: HTMLElement, update: (facts) => object|undefined, selectFromAddress: () => void,
 *     focus: () => void, destroy: () => void}}
 *     `update` gives the system that is shown
 */
export function systemMap({ lab, url }, { numbers, onSelect = () => {} }) {
  const picture = h("div", {});
  const others = h("span", {});
  const choice = h("div", { class: "now-systems", role: "group", "aria-label": "System" });
  const foot = h(
    "div",
    { class: "now-map-foot" },
    h(
      "ul",
      { class: "now-legend", "aria-label": "What the colours say" },
      LEGEND.map(([status, text]) => h("li", {}, statusIcon(status), text)),
    ),
    h(
      "span",
      { class: "quiet" },
      "Numbers are of the last minute: calls per second, and below the arrow how many fail and their p95.",
    ),
    measured(() => numbers),
    others,
  );
  const element = h(
    "section",
    { "aria-label": "The system now" },
    lab.systems.length > 1 ? choice : null,
    picture,
    foot,
  );
  let graph = null;
  let facts = null;

  const chosen = () => facts?.systems.find(({ name }) => name === url.get("system")) ?? facts?.systems[0];
  const selected = () => chosenIn(url);
  let last = null;
  const select = (changes) => {
    last = document.activeElement;
    url.set({ service: null, call: null, ...changes }, { push: true });
    draw();
    onSelect();
  };

  function draw() {
    const system = chosen();
    if (!system) return undefined;
    const picked = graphOf(system, selected());
    if (!graph) {
      graph = nodeGraph(picture, {
        ...picked,
        label: `${system.title}: who calls whom, now`,
        onNode: ({ id }) => select(id === WORLD ? { call: `${WORLD},${system.entry}` } : { service: id }),
        onEdge: ({ source, target }) => select({ call: `${source},${target}` }),
      });
    } else graph.update(picked);
    if (lab.systems.length > 1) {
      choice.replaceChildren(
        ...facts.systems.map(({ name, title, status }) =>
          h(
            "button",
            {
              type: "button",
              class: "button button-quiet",
              "aria-pressed": name === system.name,
              onclick: () => {
                url.set({ system: name, service: null, call: null }, { push: true });
                draw();
                onSelect();
              },
            },
            statusIcon(status),
            title,
          ),
        ),
      );
    }
    others.replaceChildren(...moreServices(facts.others.length));
    return system;
  }

  return {
    element,
    update(next) {
      facts = next;
      const system = draw();
      graph?.pulse();
      return system;
    },
    selectFromAddress: draw,
    /** The focus goes back to where it was when something was chosen. */
    focus: () => last?.isConnected && last.focus({ preventScroll: true }),
    destroy: () => graph?.destroy(),
  };
}

/** A link to the map for services that belong to no system of the lab. */
function moreServices(count) {
  if (count === 0) return [];
  const text = count === 1 ? "one more service sends spans" : `${counted(count)} more services send spans`;
  return [h("a", { href: mapAddress() }, `${text}: see the map`)];
}
