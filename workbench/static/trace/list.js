/** Traces that a search found: one row each, the longest bar for the longest trace. Used wherever traces are listed. */

import { traceAddress } from "../addresses.js";
import { serviceCss } from "../colours.js";
import { clock, dateTime, duration, iso } from "../format/time.js";
import { h } from "../ui/dom.js";
import { table } from "../ui/table.js";

/** Matched spans that are named in a row. */
const NAMED = 3;
const DAY_SECONDS = 86_400;

/**
 * @param {HTMLElement} root
 * @param {{traces: Array<object>, context: {navigate: function(string)}, caption?: string, empty?: string|Node,
 *   sortBy?: {id: "start"|"duration"|"spans"|"errors", descending: boolean}, onSort?: function,
 *   matched?: boolean, addressOf?: function(object): string}} options `traces` as data/tempo.js' search gives them;
 *   `matched: false` leaves out which spans fit; `addressOf` where a row leads to, by default to the trace's page
 * @returns {{update: function(Array<object>): void, destroy: function(): void}}
 */
export function traceList(
  root,
  {
    traces,
    context,
    caption = "Traces",
    empty = "No trace fits.",
    sortBy,
    onSort,
    matched = true,
    addressOf = (trace) => traceAddress(trace.traceId),
  },
) {
  let longest = 0;
  let several = false;
  measure(traces);
  const spans = (trace) => total(trace, "spanCount");
  const errors = (trace) => total(trace, "errorCount");
  const columns = [
    {
      id: "start",
      title: "Start",
      render: (trace) =>
        h(
          "time",
          { datetime: iso(trace.start), title: dateTime(trace.start, { milliseconds: true }) },
          several ? dateTime(trace.start) : clock(trace.start, { milliseconds: true }),
        ),
      sort: (trace) => trace.start,
    },
    {
      id: "name",
      title: "Service and operation",
      render: (trace) => name(trace, addressOf(trace)),
      sort: (trace) => `${trace.rootService} ${trace.rootName}`,
    },
    {
      id: "duration",
      title: "Duration",
      render: (trace) => bar(trace, longest),
      sort: (trace) => trace.durationSeconds,
    },
    { id: "spans", title: "Spans", align: "end", render: (trace) => spans(trace) ?? "–", sort: spans },
    {
      id: "errors",
      title: "Errors",
      align: "end",
      render: (
        trace,
      ) => (errors(trace) ? h("span", { class: "error-word" }, errors(trace)) : h("span", { class: "faint" }, "0")),
      sort: errors,
    },
    { id: "matched", title: "Spans that match", render: matchedSpans },
  ].filter(({ id }) => matched || id !== "matched");
  const box = h("div", { class: "trace-list" });
  root.append(box);
  const rows = table(box, {
    columns,
    rows: traces,
    caption,
    empty,
    sortBy,
    onSort,
    onRow: (trace, event) => {
      // As a link does: with Ctrl in a tab of its own.
      if (event.ctrlKey || event.metaKey) open(addressOf(trace), "_blank", "noopener");
      else context.navigate(addressOf(trace));
    },
  });

  function measure(list) {
    longest = list.reduce((most, trace) => Math.max(most, trace.durationSeconds), 0);
    const starts = list.map((trace) => trace.start);
    several = list.length > 0 &&
      (Math.max(...starts) - Math.min(...starts) > DAY_SECONDS ||
        Date.now() / 1000 - Math.max(...starts) > DAY_SECONDS);
  }

  return {
    update(next) {
      measure(next);
      rows.update(next);
    },
    destroy() {
      rows.destroy();
      box.remove();
    },
  };
}

function total(trace, key) {
  const services = Object.values(trace.services ?? {});
  return services.length ? services.reduce((sum, one) => sum + (one[key] ?? 0), 0) : null;
}

function name(trace, href) {
  return h(
    "a",
    { class: "trace-list-name", href },
    h("span", { class: "swatch", style: { background: serviceCss(trace.rootService || "unknown_service") } }),
    h("span", { class: "trace-service" }, trace.rootService || "first span not (yet) there"),
    " ",
    h("span", { class: "trace-operation" }, trace.rootName),
  );
}

function bar(trace, longest) {
  const share = longest > 0 ? trace.durationSeconds / longest : 0;
  return h(
    "span",
    { class: "trace-list-duration" },
    h("span", { class: "trace-list-number" }, trace.durationSeconds ? duration(trace.durationSeconds) : "< 1 ms"),
    h("span", {
      class: "trace-list-bar",
      style: { width: `${Math.max(share * 100, 1)}%`, background: serviceCss(trace.rootService || "unknown_service") },
    }),
  );
}

function matchedSpans(trace) {
  const sets = trace.spanSets ?? [];
  const all = sets.reduce((sum, set) => sum + set.matched, 0);
  const spans = sets.flatMap((set) => set.spans);
  if (!all) return h("span", { class: "faint" }, "–");
  return h(
    "span",
    { class: "trace-list-matched" },
    h("span", null, String(all)),
    " ",
    spans.slice(0, NAMED).map((span) =>
      h(
        "a",
        {
          class: "matched-span",
          href: traceAddress(trace.traceId, { span: span.spanId }),
          title: `${span.name ?? span.spanId}`,
        },
        span.name ?? "span",
        " ",
        duration(span.durationSeconds),
      )
    ),
  );
}
