/** Traces that a search found: when and how long as a picture, and as a list. */
import { traceList } from "../../trace/list.js";
import { h, replace } from "../../ui/dom.js";
import { scatter } from "./scatter.js";

/**
 * @param {HTMLElement} root
 * @param {import("../pane.js").Tools} tools
 */
export function tracesResult(root, tools) {
  const picture = h("div", { class: "result-scatter" });
  const place = h("div", { class: "result-traces" });
  replace(root, picture, place);
  const plot = scatter(picture, { onTrace: (trace, event, anchor) => tools.traceMenu(trace, anchor) });
  let list = null;
  return {
    update(answer) {
      plot.update({ traces: answer.data });
      if (list) list.update(answer.data);
      else list = traceList(place, { traces: answer.data, context: tools.context });
    },
    destroy() {
      plot.destroy();
      list?.destroy?.();
    },
  };
}
