/** What telemetry arrives, and whether any was given up: a picture with holes should say so. */

import { sparkline } from "../chart/sparkline.js";
import { rangeKeeper } from "../data/incremental.js";
import { queryRange } from "../data/prometheus.js";
import { byNumber, union } from "../data/union.js";
import { amount } from "../format/amounts.js";
import { h, replace } from "../ui/dom.js";
import { showing } from "../ui/states.js";
import { measured } from "./measured.js";
import { ARRIVAL_NUMBERS, DROPPED } from "./questions.js";
import { section, stepFor } from "./section.js";
import { listed } from "./words.js";

const POINTS = 60;

/** @returns {{element: HTMLElement, refresh: () => void, update: (numbers: Map) => void, destroy: () => void}} */
export function arrivalSection({ lab, time, signal }) {
  const { element, body } = section(
    "Telemetry that arrives",
    measured(() => [...ARRIVAL_NUMBERS, DROPPED], { about: "Telemetry that arrives" }),
  );
  const keeper = rangeKeeper(queryRange);
  const expr = union(ARRIVAL_NUMBERS);
  const lines = new Map();
  const rows = h(
    "div",
    { class: "arrival" },
    ARRIVAL_NUMBERS.map(({ id, title, backend }) => {
      const value = h("span", { class: "arrival-value" }, "–");
      const picture = h("div", { class: "arrival-line" });
      lines.set(id, { value, picture, line: null });
      return h(
        "div",
        { class: "arrival-row" },
        h("span", {}, title, h("span", { class: "faint small" }, ` ${backend}`)),
        picture,
        value,
      );
    }),
  );
  const dropped = h("p", { class: "small quiet" });
  const place = h("div", {});
  body.append(place, dropped);
  const shown = showing(
    place,
    (aborted) => {
      const range = time.range();
      return keeper(expr, {
        ...pick(range),
        step: stepFor(range, POINTS, lab.scrapeIntervalSeconds),
        signal: aborted,
      }).then((series) => ({ series, range }));
    },
    ({ series, range }, content) => {
      if (rows.parentNode !== content) replace(content, rows);
      const found = byNumber(series);
      for (const [id, row] of lines) {
        const one = found.get(id)?.[0];
        const text = one ? `${amount(one.values.at(-1))}/s` : "–";
        if (row.value.textContent !== text) row.value.textContent = text;
        row.line ??= sparkline(row.picture, { min: 0 });
        row.line.update({ times: one?.times ?? [], values: one?.values ?? [], range: pick(range) });
      }
    },
    { label: "Asking what arrives", signal },
  );
  return {
    element,
    refresh: () => shown.refresh(),
    update(numbers) {
      const lost = (numbers.get("dropped") ?? []).map(
        ({ labels, value }) => `${amount(value)} ${labels.signal} of ${labels.service}`,
      );
      const text =
        lost.length === 0
          ? "Nothing was dropped in the last 15 minutes."
          : `Dropped in the last 15 minutes: ${listed(lost)}. What is missing stays missing.`;
      dropped.classList.toggle("now-warning", lost.length > 0);
      if (dropped.textContent !== text) dropped.textContent = text;
    },
    destroy() {
      for (const { line } of lines.values()) line?.destroy();
    },
  };
}

function pick({ from, to }) {
  return { from, to };
}
