/** The table of dependencies: a row for each pair of services, with its numbers and how they differ from before. */

import { sparkline } from "../chart/sparkline.js";
import { amount, percent, rate, time } from "../format/amounts.js";
import { clock, dateTime } from "../format/time.js";
import { WORLD } from "../graph/service_graph.js";
import { h } from "../ui/dom.js";
import { table } from "../ui/table.js";
import { kindOf } from "./dependencies.js";

/**
 * @param {HTMLElement} root
 * @param {{onRow: (row) => void, isCompared: boolean, sortBy: {id: string, descending: boolean},
 *     onSort: (sort) => void}} options
 */
export function dependencyTable(root, { onRow, isCompared, sortBy, onSort }) {
  const pictures = new Map();
  const number = (id, title, hint, text, difference = null) => ({
    id,
    title,
    hint,
    align: "end",
    sort: (row) => row[id] ?? -1,
    render: (row) =>
      h(
        "span",
        { class: "dependency-number" },
        text(row),
        isCompared && difference ? h("span", { class: "dependency-difference" }, difference(row)) : null,
      ),
  });
  return table(root, {
    caption: "Dependencies",
    rows: [],
    onRow,
    sortBy,
    onSort,
    rowKey: ({ client, server, type }) => JSON.stringify([client, server, type]),
    rowLabel: ({ client, server }) => `${client} calls ${server}`,
    empty: "No calls in this range.",
    columns: [
      {
        id: "client",
        title: "Client",
        sort: ({ client }) => client,
        render: ({ client }) => (client === WORLD ? "visitors" : client),
      },
      { id: "server", title: "Server", sort: ({ server }) => server, render: ({ server }) => server },
      {
        id: "kind",
        title: "Kind",
        hint: "How the call was seen: a pair of spans, a database's client span, a message",
        sort: kindOf,
        render: kindOf,
      },
      { id: "course", title: "Over time", width: "110px", render: (row) => courseOf(row, pictures) },
      number(
        "calls",
        "Calls/s",
        "Mean of the range",
        (row) => rate(row.calls),
        (row) => change(row.calls, row.before?.calls, rateText),
      ),
      number(
        "errors",
        "Failed",
        "Failed by the server (5xx)",
        (row) => share(row.errors),
        (row) => change(row.errors, row.before?.errors, points),
      ),
      number("failures", "With 4xx", "As the service graph counts: also answers like 404", (row) =>
        share(row.failures),
      ),
      number("p50", "p50", "Half of the calls are faster", (row) => time(row.p50)),
      number(
        "p95",
        "p95",
        "95 of 100 calls are faster",
        (row) => time(row.p95),
        (row) => change(row.p95, row.before?.p95, seconds),
      ),
      number("share", "Of all calls", "Share of all calls of the range", (row) => percent(row.share)),
      {
        id: "since",
        title: "Since",
        align: "end",
        sort: (row) => row.since ?? 0,
        render: ({ since }) => (since === null ? h("span", { class: "faint" }, "before") : moment(since)),
      },
      {
        id: "last",
        title: "Last seen",
        align: "end",
        sort: (row) => row.last ?? 0,
        render: ({ last }) => (last === null ? "–" : moment(last)),
      },
    ],
  });
}

/** A small line, kept for its row: a canvas made anew at every refresh would flicker. */
function courseOf(row, pictures) {
  const key = JSON.stringify([row.client, row.server, row.type]);
  if (!pictures.has(key)) {
    const place = h("div", { class: "dependency-course" });
    pictures.set(key, { place, line: sparkline(place, { min: 0 }) });
  }
  const { place, line } = pictures.get(key);
  line.update({ times: row.times, values: row.values });
  return place;
}

function share(value) {
  return value === undefined ? "–" : percent(value);
}

function moment(seconds) {
  return h("time", { title: dateTime(seconds) }, clock(seconds));
}

function rateText(difference) {
  return `${amount(difference)}/s`;
}

function points(difference) {
  return `${amount(difference * 100)} points`;
}

function seconds(difference) {
  return time(difference);
}

/** "+0.4/s" against before; "new" where there was nothing. */
function change(now, before, text) {
  if (before === undefined || (before === 0 && now === 0)) return now === before ? "same" : "new";
  if (now === undefined) return "gone";
  const difference = now - before;
  return difference === 0 ? "same" : `${difference > 0 ? "+" : "−"}${text(Math.abs(difference))}`;
}
