/** The metrics that there are, to look through; each gives a sensible first question. */
import { Names } from "../editor/names.js";
import { dialog } from "../ui/dialog.js";
import { h, replace } from "../ui/dom.js";
import { showing } from "../ui/states.js";
import { firstQuery, withoutParts } from "./first_query.js";

/** More than this nobody reads through. */
const MOST = 300;

/** @param {{context: object, onChoose: (query: string) => void}} options */
export function metricsDialog({ context, onChoose }) {
  const place = h("div", { class: "metrics-list" });
  const search = h("input", {
    class: "input",
    type: "search",
    placeholder: "Find by name or meaning",
    "aria-label": "Find a metric by name or meaning",
  });
  const controller = new AbortController();
  const opened = dialog({
    title: "Metrics",
    wide: true,
    content: [
      h(
        "p",
        { class: "quiet small" },
        "A metric and a first question to it: the rate of a counter, the p95 of a histogram, a gauge as it is.",
      ),
      search,
      place,
    ],
    onClose: () => controller.abort(),
  });
  const names = new Names(() => context.time.range(), controller.signal);
  showing(
    place,
    () => names.metrics(),
    (metrics, root) => {
      const draw = () => replace(root, listed(withoutParts(metrics), search.value.trim().toLowerCase()));
      search.oninput = draw;
      draw();
    },
    { label: "Loading the metrics", signal: controller.signal },
  );
  search.focus();

  function listed(metrics, wanted) {
    const words = wanted.split(/\s+/).filter(Boolean);
    const found = metrics.filter(({ name, help }) =>
      words.every((word) => `${name} ${help}`.toLowerCase().includes(word))
    );
    if (!found.length) return h("p", { class: "quiet" }, "No metric fits.");
    return [
      h("ul", {}, found.slice(0, MOST).map(row)),
      found.length > MOST
        ? h("p", { class: "quiet small" }, `The first ${MOST} of ${found.length}: type to narrow down.`)
        : null,
    ];
  }

  function row(metric) {
    const query = firstQuery(metric);
    const choose = () => {
      opened.close();
      onChoose(query);
    };
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "metric-choose", title: query, onclick: choose },
        h(
          "span",
          { class: "metric-name" },
          h("code", {}, metric.name),
          h("span", { class: "quiet small" }, metric.type),
        ),
        metric.help ? h("span", { class: "quiet small" }, metric.help) : null,
      ),
    );
  }
}
