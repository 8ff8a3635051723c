/** The last lines in which something went wrong. */

import { logsAddress } from "../addresses.js";
import { queryRange } from "../data/loki.js";
import { inSentence } from "../format/time_range.js";
import { logList } from "../logs/list.js";
import { h, replace } from "../ui/dom.js";
import { emptyState, showing } from "../ui/states.js";
import { measured } from "./measured.js";
import { section } from "./section.js";

const QUERY = '{service=~".+", level=~"warning|error|critical"}';
const MOST = 40;

/** @returns {{element: HTMLElement, refresh: () => void, destroy: () => void}} */
export function errorsSection(context) {
  const { time, signal } = context;
  const { element, body } = section(
    "Last errors and warnings",
    measured(
      () => [
        {
          title: "Last errors and warnings",
          tells:
            `The newest ${MOST} lines of these levels, of all services, in the time range of the page. ` +
            "A 4xx is a warning: the caller's mistake.",
          expr: QUERY,
          source: "loki",
        },
      ],
      { about: "Last errors and warnings" },
    ),
    h("a", { href: logsAddress({ query: QUERY }) }, "All in Logs"),
  );
  const lines = logLines(body, context, () => QUERY, {
    label: "Last errors and warnings",
    empty: () =>
      emptyState(
        `No error and no warning: ${inSentence(time.range().text)}.`,
        "Ask for a product that does not exist, and one appears here.",
      ),
    maxHeight: 264,
    most: MOST,
    signal,
  });
  return { element, ...lines };
}

/**
 * Log lines of a query in the page's range, that stay where they are while they are asked for again.
 *
 * @param {HTMLElement} root
 * @param {() => string} query  LogQL
 */
export function logLines(root, context, query, { label, empty, maxHeight, most, signal, hideService = false }) {
  let list = null;
  let seen = "";
  const place = h("div", { class: "now-lines" });
  root.append(place);
  const shown = showing(
    place,
    async (aborted) => {
      const { from, to } = context.time.range();
      return (await queryRange(query(), { from, to, limit: most, direction: "backward", signal: aborted })).lines ?? [];
    },
    (lines, content) => {
      const key = lines.map((line) => line.id).join();
      if (key === seen && content.firstChild) return;
      seen = key;
      if (lines.length === 0) {
        list?.destroy();
        list = null;
        replace(content, empty());
        return;
      }
      if (list) list.update(lines);
      else {
        const inner = h("div", {});
        replace(content, inner);
        list = logList(inner, { lines, newestFirst: true, maxHeight, label, hideService, query: query(), context });
      }
    },
    { label: "Asking for log lines", signal },
  );
  return {
    refresh: () => shown.refresh(),
    destroy: () => list?.destroy(),
  };
}
