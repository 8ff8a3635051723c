/** Values at one moment, as a table; a single one as a figure. */
import { clock } from "../../format/time.js";
import { formatValue } from "../../format/units.js";
import { h, replace } from "../../ui/dom.js";
import { table } from "../../ui/table.js";
import { unitOf } from "../series_names.js";

/** Columns past this make a table that nobody can read: the rest stands in one. */
const MOST_COLUMNS = 8;

/** @param {HTMLElement} root */
export function valuesResult(root) {
  let grid = null;
  let drawn = "";
  return {
    update({ data, range }, pane) {
      const unit = unitOf(pane.query, pane.source);
      const [first] = data;
      if (data.length === 1 && !Object.keys(first.labels).length) {
        grid = null;
        const text = first.text ?? formatValue(first.value, unit);
        replace(
          root,
          h("p", { class: "result-figure" }, text),
          h("p", { class: "result-note" }, `At ${clock(range.to)}. As it was answered: ${first.text ?? first.value}`),
        );
        return;
      }
      const names = columnsOf(data);
      const key = JSON.stringify([names, unit]);
      if (grid && drawn === key) {
        grid.update(data);
        return;
      }
      drawn = key;
      grid = table(root, {
        caption: `Values of ${pane.query} at ${clock(range.to)}`,
        columns: [...names.map(labelColumn), valueColumn(unit)],
        rows: data,
        sortBy: { id: "value", descending: true },
      });
    },
    destroy() {
      grid?.destroy();
    },
  };
}

function columnsOf(values) {
  const names = [...new Set(values.flatMap(({ labels }) => Object.keys(labels)))].sort((one, other) => {
    return Number(other === "__name__") - Number(one === "__name__") || (one < other ? -1 : 1);
  });
  return names.length <= MOST_COLUMNS ? names : [...names.slice(0, MOST_COLUMNS - 1), null];
}

function labelColumn(name) {
  if (name === null) {
    return { id: "more", title: "and", render: ({ labels }) => h("code", {}, JSON.stringify(labels)) };
  }
  const title = name === "__name__" ? "metric" : name;
  return { id: name, title, render: ({ labels }) => labels[name] ?? "", sort: ({ labels }) => labels[name] ?? "" };
}

function valueColumn(unit) {
  return {
    id: "value",
    title: "Value",
    align: "end",
    render: ({ value }) => h("span", { title: String(value) }, formatValue(value, unit)),
    sort: ({ value }) => value,
  };
}
