/** Panels of type logs: the lines themselves, as everywhere in the workbench. */

import { logList } from "../../logs/list.js";

export function draw(root, panel, tools) {
  const { options = {} } = panel;
  const newestFirst = options.sortOrder !== "Ascending";
  let list = null;
  return {
    update({ answers }) {
      const lines = linesOf(answers, newestFirst);
      if (list) {
        list.update(lines);
        return;
      }
      list = logList(root, {
        lines,
        newestFirst,
        wrap: Boolean(options.wrapLogMessage),
        hideService: answers.every(({ question }) => saysService(question.text)),
        label: tools.words(panel.title),
        context: tools.context,
      });
    },
    destroy: () => list?.destroy(),
  };
}

/** Whether all lines are of one service, or begin with its name. */
const saysService = (query) => /line_format[^|]*\.service\b|[{,]\s*service="/.test(query);

export function isEmpty({ answers }) {
  return !answers.some(({ lines }) => lines?.length > 0);
}

/** The lines of all questions, in the order in which they are shown. */
function linesOf(answers, newestFirst) {
  const lines = answers.flatMap((answer) => answer.lines ?? []);
  const order = newestFirst ? -1 : 1;
  return lines.sort((one, other) => order * (one.time - other.time));
}
