/** Services and the calls between them. */
import { nodeGraph } from "../../graph/node_graph.js";
import { menu } from "../../ui/menu.js";
import { mapAddress, serviceAddress } from "../../addresses.js";
import { questionsAbout } from "../correlations.js";

/**
 * @param {HTMLElement} root
 * @param {import("../pane.js").Tools} tools
 */
export function mapResult(root, tools) {
  let graph = null;
  return {
    update({ data, range }) {
      const shown = { nodes: data.nodes, edges: data.edges };
      if (graph) {
        graph.update(shown);
        return;
      }
      const onNode = ({ id }) => nodeMenu(root, id, range.to, tools);
      graph = nodeGraph(root, { ...shown, onNode, label: "Services and the calls between them", height: 480 });
    },
    destroy() {
      graph?.destroy();
    },
  };
}

function nodeMenu(root, service, time, tools) {
  const anchor = document.activeElement && root.contains(document.activeElement) ? document.activeElement : root;
  menu(
    anchor,
    [
      { heading: service },
      { text: "Its panel on the first page", href: serviceAddress(service) },
      { text: "On the service map", href: mapAddress({ focus: service }) },
      ...questionsAbout({ labels: { service }, time }).map((question) => ({
        text: `${question.title}, beside this`,
        onSelect: () => tools.openBeside(question),
      })),
    ],
    { label: `About ${service}` },
  );
}
