/** Spans that a search found, with the attributes that were asked for. */
import { traceAddress } from "../../addresses.js";
import { clock, duration } from "../../format/time.js";
import { h } from "../../ui/dom.js";
import { table } from "../../ui/table.js";

const MOST_COLUMNS = 8;

/** @param {HTMLElement} root */
export function spansResult(root) {
  let grid = null;
  let drawn = "";
  return {
    update({ data }, pane) {
      const rows = rowsOf(data);
      const attributes = [...new Set(rows.flatMap(({ attributes: own }) => Object.keys(own)))].slice(0, MOST_COLUMNS);
      const key = JSON.stringify(attributes);
      if (grid && key === drawn) {
        grid.update(rows);
        return;
      }
      drawn = key;
      grid = table(root, { caption: `Spans of ${pane.query}`, columns: columnsOf(attributes), rows });
    },
    destroy() {
      grid?.destroy();
    },
  };
}

/** @returns {Array<{traceId, root, spanId, name, start, durationSeconds, attributes}>} newest first */
export function rowsOf(traces) {
  const rows = traces.flatMap((trace) =>
    trace.spanSets.flatMap((set) =>
      set.spans.map((span) => ({
        ...span,
        traceId: trace.traceId,
        root: `${trace.rootService} ${trace.rootName}`,
        attributes: { ...set.attributes, ...span.attributes },
      }))
    )
  );
  return rows.sort((one, other) => other.start - one.start);
}

function columnsOf(attributes) {
  return [
    {
      id: "start",
      title: "Start",
      render: ({ start }) => clock(start, { milliseconds: true }),
      sort: ({ start }) => start,
    },
    {
      id: "name",
      title: "Span",
      render: ({ traceId, spanId, name }) => h("a", { href: traceAddress(traceId, { span: spanId }) }, name || spanId),
      sort: ({ name, spanId }) => name || spanId,
    },
    { id: "root", title: "Trace", render: ({ root }) => root, sort: ({ root }) => root },
    {
      id: "duration",
      title: "Duration",
      align: "end",
      render: ({ durationSeconds }) => duration(durationSeconds),
      sort: ({ durationSeconds }) => durationSeconds,
    },
    ...attributes.map((name) => ({
      id: name,
      title: name,
      render: ({ attributes: own }) => String(own[name] ?? ""),
      sort: ({ attributes: own }) => own[name] ?? "",
    })),
  ];
}
