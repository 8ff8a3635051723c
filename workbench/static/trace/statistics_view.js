/** Where a trace's time went, summed by service or by operation, as a table. */

import { serviceCss } from "../colours.js";
import { duration } from "../format/time.js";
import { h, replace } from "../ui/dom.js";
import { table } from "../ui/table.js";
import { conditionOn } from "./find.js";
import { sumsByOperation, sumsByService } from "./statistics.js";

/**
 * @param {HTMLElement} root
 * @param {{trace, context, onFind: function(string)}} options `onFind` shows the spans of a row in the waterfall
 */
export function statisticsView(root, { trace, context, onFind }) {
  const { url } = context;
  const place = h("div", { class: "trace-statistics" });
  const choices = [["operation", "By operation"], ["service", "By service"]].map(([by, text]) =>
    h("button", {
      type: "button",
      class: "button",
      "data-by": by,
      onclick: () => {
        url.set({ by: by === "operation" ? null : by });
        show();
      },
    }, text)
  );
  root.append(
    h(
      "div",
      { class: "trace-tools", role: "group", "aria-label": "Sums" },
      choices,
      h("span", { class: "quiet small" }, "Self: time in which no child of a span ran. Share: of all self times."),
    ),
    place,
  );

  function show() {
    const by = url.get("by") === "service" ? "service" : "operation";
    for (const button of choices) button.setAttribute("aria-pressed", String(button.dataset.by === by));
    const sums = by === "service" ? sumsByService(trace) : sumsByOperation(trace);
    const micros = (value) => duration(value / 1e6);
    const number = (id, title, value, hint = null) => ({
      id,
      title,
      hint,
      align: "end",
      render: (sum) => micros(value(sum)),
      sort: value,
    });
    const name = {
      id: "name",
      title: by === "service" ? "Service" : "Service and operation",
      sort: (sum) => `${sum.service} ${sum.operation ?? ""}`,
      render: (sum) =>
        h(
          "span",
          { class: "trace-list-name" },
          h("span", { class: "swatch", style: { background: serviceCss(sum.service) } }),
          h("span", { class: "trace-service" }, sum.service),
          sum.operation === null ? null : [" ", sum.operation || "(no name)"],
        ),
    };
    table(replace(place), {
      caption: "Where the time of this trace went",
      rows: sums,
      sortBy: { id: "self", descending: true },
      onRow: (sum) =>
        onFind(
          sum.operation === null
            ? conditionOn("service", sum.service)
            : `${conditionOn("service", sum.service)} ${conditionOn("name", sum.operation)}`,
        ),
      rowLabel: (sum) => `${sum.service} ${sum.operation ?? ""}: show its spans`,
      columns: [
        name,
        { id: "count", title: "Spans", align: "end", render: (sum) => sum.count, sort: (sum) => sum.count },
        number("self", "Self", (sum) => sum.self, "Time in which none of their children ran"),
        {
          id: "share",
          title: "Share",
          render: share,
          sort: (sum) => sum.share,
          hint: "Of the self times of all spans",
        },
        number("critical", "Critical path", (sum) => sum.critical, "Time that everything waited for"),
        number("total", "Total", (sum) => sum.total, "Spans within spans count twice"),
        number("mean", "Mean", (sum) => sum.mean),
        number("p95", "p95", (sum) => sum.p95),
        {
          id: "errors",
          title: "Errors",
          align: "end",
          sort: (sum) => sum.errors,
          render: (
            sum,
          ) => (sum.errors ? h("span", { class: "error-word" }, sum.errors) : h("span", { class: "faint" }, "0")),
        },
      ],
    });
  }
  show();
}

function share(sum) {
  return h(
    "span",
    { class: "trace-list-duration" },
    h("span", { class: "trace-list-number" }, `${(sum.share * 100).toFixed(1)} %`),
    h("span", {
      class: "trace-list-bar",
      style: { width: `${Math.max(sum.share * 100, 0.5)}%`, background: serviceCss(sum.service) },
    }),
  );
}

