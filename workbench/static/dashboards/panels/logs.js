/** Panels of type logs: the lines themselves, as everywhere in the workbench. */

import { logList } from "../../logs/list.js";

export function draw(root, panel, tools) {
  const { options = {} } = panel;
  const newestFirst = options.sortOrder !== "Ascending";
  const list = logList(root, {
    lines: [],
    wrap: Boolean(options.wrapLogMessage),
    newestFirst,
    label: tools.words(panel.title),
    context: tools.context,
  });
  return { update: ({ answers }) => list.update(linesOf(answers, newestFirst)), destroy: () => list.destroy() };
}

export function isEmpty({ answers }) {
  return !answers.some(({ lines }) => lines?.length > 0);
}

/** The lines of all questions, in the order in which they are shown. */
function linesOf(answers, newestFirst) {
  const lines = answers.flatMap((answer) => answer.lines ?? []);
  const order = newestFirst ? -1 : 1;
  return lines.sort((one, other) => order * (one.time - other.time));
}
