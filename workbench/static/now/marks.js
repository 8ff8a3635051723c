/** What was done to the lab: deploys, faults, notes. The first thing to look at when something changed. */

import { exploreAddress } from "../addresses.js";
import { queryRange } from "../data/loki.js";
import { ago, dateTime } from "../format/time.js";
import { h, replace } from "../ui/dom.js";
import { showing } from "../ui/states.js";
import { section } from "./section.js";

const QUERY = '{service="lab"}';
const MOST = 6;

/** @returns {{element: HTMLElement, refresh: () => void}} */
export function marksSection({ time, signal }) {
  const { element, body } = section(
    "What was done",
    h("a", { href: exploreAddress([{ source: "loki", query: QUERY }]) }, "Explore"),
  );
  const shown = showing(
    body,
    async (aborted) => {
      const { from, to } = time.range();
      return (await queryRange(QUERY, { from, to, limit: MOST, direction: "backward", signal: aborted })).lines ?? [];
    },
    (lines, content) =>
      replace(
        content,
        lines.length === 0
          ? h(
              "p",
              { class: "quiet small" },
              "Nothing was marked. A mark stands on every chart: ",
              h("code", {}, 'python3 lab annotate "new version" --kind deploy'),
            )
          : h("ul", { class: "mark-list" }, lines.map(markOf)),
      ),
    { label: "Asking what was done", signal },
  );
  return { element, refresh: () => shown.refresh() };
}

function markOf({ time, fields, line }) {
  const about = fields.target_service ? ` (${fields.target_service})` : "";
  return h(
    "li",
    {},
    h("span", { class: "mark-kind" }, String(fields.kind ?? "note")),
    h("span", {}, `${fields.message ?? line}${about}`),
    h("time", { class: "faint", title: dateTime(time) }, ago(time)),
  );
}
