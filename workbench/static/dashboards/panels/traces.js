/** Panels of type traces: one trace in short, with the way to all of it. */

import { traceAddress } from "../../addresses.js";
import { formatValue } from "../../format/units.js";
import { parseTrace } from "../../trace/model.js";
import { h, replace } from "../../ui/dom.js";

export function draw(root) {
  return {
    update({ answers }) {
      replace(root, answers.filter(({ trace }) => trace).map(({ trace }) => summary(parseTrace(trace))));
    },
    destroy() {},
  };
}

export function isEmpty({ answers }) {
  return !answers.some(({ trace }) => trace);
}

function summary({ traceId, spans, durationSeconds, errors }) {
  const failed = Array.isArray(errors) ? errors.length : errors;
  const words = [
    `${spans.length} spans`,
    formatValue(durationSeconds, "s"),
    failed ? `${failed} with an error` : "no error",
  ];
  return h(
    "p",
    { class: "panel-trace" },
    h("a", { href: traceAddress(traceId) }, spans[0]?.name ?? traceId),
    ` ${words.join(" · ")}`,
  );
}
