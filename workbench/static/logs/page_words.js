/** What the Logs page says: of its lines, of what is missing, of what is left to load. */
import { exploreAddress } from "../addresses.js";
import { clock, dateTime } from "../format/time.js";
import { formatValue } from "../format/units.js";
import { h } from "../ui/dom.js";
import { emptyState } from "../ui/states.js";
import { PAGE_LINES } from "./session.js";

/**
 * How many lines of how many, and what it took to find them.
 * @param {import("./session.js").Session} session
 * @param {{from: number, to: number, total: number}|null} counted the bars' count, of whichever range
 * @returns {{status: string, statusTitle: string}}
 */
export function statusOf({ lines, cost, asked, busy }, counted) {
  if (!asked || (busy && cost === null)) return { status: "", statusTitle: "" };
  const here = counted && counted.from === asked.from && counted.to === asked.to ? Math.round(counted.total) : 0;
  const shown = lines.length.toLocaleString("en");
  const all = here > lines.length ?
    `${shown} of ${here.toLocaleString("en")} lines` :
    `${shown} ${lines.length === 1 ? "line" : "lines"}`;
  const read = cost ? `, ${formatValue(cost.bytes, "decbytes", 1)} read in ${formatValue(cost.seconds, "s", 0)}` : "";
  if (!lines.length) return { status: `${all}${read}`, statusTitle: "" };
  const [first, last] = [lines[0].time, lines.at(-1).time];
  return {
    status: `${all}${read}, from ${clock(first)} to ${clock(last)}`,
    statusTitle: `From ${dateTime(first)} to ${dateTime(last)}. What was read is that of the first page.`,
  };
}

/** No line at all. `onWider` asks for four times the time. */
export function nothingFound({ from, to }, onWider) {
  const wider = h("button", { type: "button", class: "log-action", onclick: onWider }, "four times as long");
  return emptyState(
    `No line of this kind between ${clock(from)} and ${clock(to)}.`,
    h("span", null, "Look at ", wider, ", or ask for less in the query."),
  );
}

/** A metric query has no lines. */
export function countsLines(query, range) {
  const address = exploreAddress([{ source: "loki", query, view: "graph" }], range);
  const link = h("a", { href: address }, "Draw it in Explore");
  return emptyState("This query counts lines; it does not answer lines.", link);
}

/**
 * What is left at an end of the list.
 * @param {"older"|"newer"} side
 * @param {import("./lines_in_view.js").LinesInView} view
 * @returns {Node[]}
 */
export function edgeOf(side, view, { busy, onExtend }) {
  const text = `Load ${PAGE_LINES.toLocaleString("en")} ${side} lines`;
  const cut = "Of a nanosecond with more than 5,000 lines Loki gives no more than those.";
  return [
    side === "older" && view.cut.length > 0 ? h("p", { class: "log-note" }, cut) : null,
    view[side] ?
      h("button", { type: "button", class: "button button-quiet log-more", disabled: busy, onclick: onExtend }, text) :
      null,
  ].filter(Boolean);
}
