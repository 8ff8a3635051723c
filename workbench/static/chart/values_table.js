/** The values of a chart as a table laid over it: for screen readers, and for whoever wants the numbers. */

import { dateTime } from "../format/time.js";
import { h, replace } from "../ui/dom.js";

const MOST_ROWS = 500;
const MOST_COLUMNS = 20;

/**
 * @param {{label?: string, write: (value: number, line: Object) => string, close: () => void}} options
 * @returns {{root: HTMLElement, update: (lines: import("./series_model.js").Line[]) => void}}
 */
export function valuesTable({ label = "Values", write, close }) {
  const body = h("div", null);
  const root = h(
    "div",
    {
      class: "chart-values",
      tabindex: "0",
      role: "region",
      "aria-label": `${label}, as a table`,
      onkeydown: (event) => {
        if (event.key !== "Escape" && event.key !== "t") return;
        event.stopPropagation();
        close();
      },
    },
    h("button", { type: "button", onclick: close }, "Back to the chart"),
    body,
  );
  return { root, update: (lines) => replace(body, table(lines.slice(0, MOST_COLUMNS), lines.length, label, write)) };
}

function table(lines, count, label, write) {
  const { times, total } = rowTimes(lines);
  const columns = lines.map((line) => {
    const { series } = line;
    const values = new Map(Array.from(series.times, (time, i) => [time, series.values[i]]));
    return { line, values };
  });
  const hidden = [
    total > times.length ? `the latest ${times.length} of ${total} times` : null,
    count > lines.length ? `${lines.length} of ${count} series` : null,
  ].filter(Boolean);
  return h(
    "table",
    null,
    h("caption", null, hidden.length ? `${label} (${hidden.join(", ")})` : label),
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        h("th", { scope: "col" }, "Time"),
        columns.map(({ line }) => h("th", { scope: "col" }, line.series.name)),
      ),
    ),
    h(
      "tbody",
      null,
      times.map((time) =>
        h(
          "tr",
          null,
          h("th", { scope: "row" }, dateTime(time)),
          columns.map(({ line, values }) => h("td", null, values.has(time) ? write(values.get(time), line) : "")),
        )
      ),
    ),
  );
}

/** Newest first. */
function rowTimes(lines) {
  const all = new Set();
  for (const { series } of lines) for (let i = 0; i < series.times.length; i += 1) all.add(series.times[i]);
  const sorted = Float64Array.from(all).sort().reverse();
  return { times: [...sorted.slice(0, MOST_ROWS)], total: sorted.length };
}
