/** Log lines, with how many there were over time. */
import { reading } from "../../logs/fields.js";
import { logList } from "../../logs/list.js";
import { withCondition } from "../../logs/query_text.js";
import { wholeBars } from "../../logs/volume.js";
import { volumePanel } from "../../logs/volume_panel.js";
import { h, replace } from "../../ui/dom.js";
import { questionsAboutLine } from "../correlations.js";
import { EMPTY } from "./empty.js";

/**
 * @param {HTMLElement} root
 * @param {import("../pane.js").Tools} tools
 */
export function linesResult(root, tools) {
  const bars = h("div", null);
  const place = h("div", { class: "result-lines" });
  replace(root, bars, place);
  let list = null;
  let asked = null;
  let volume = null;

  return {
    update(answer, pane) {
      const options = {
        query: pane.query,
        newestFirst: pane.order === "newest",
        context: tools.context,
        onFilter: (field, value, operator, detail) => tools.ask(withCondition(pane.query, detail, operator)),
        actions: (line) =>
          questionsAboutLine(labelled(line)).map((question) => ({
            title: `${question.title}, beside this`,
            onSelect: () => tools.openBeside(question),
          })),
        empty: EMPTY.lines,
        maxHeight: 640,
      };
      if (list) list.setOptions(options);
      else list = logList(place, options);
      list.update(answer.data);
      asked = { query: pane.query, ...wholeBars(answer.range) };
      if (volume) volume.refresh();
      volume ??= volumePanel(bars, {
        asked: () => asked,
        onZoom: tools.setRange,
        signal: tools.context.signal,
      });
    },
    destroy() {
      volume?.destroy();
      list?.destroy();
    },
  };
}

/** A line's service may stand in its fields alone. */
function labelled(line) {
  const { service, traceId } = reading(line);
  return { time: line.time, traceId: traceId ?? null, labels: service ? { ...line.labels, service } : line.labels };
}
