/** One line in the list: time, level, service, chosen columns, message, and a way to its trace. */
import { traceAddress } from "../addresses.js";
import { serviceCss } from "../colours.js";
import { clock, dateTime } from "../format/time.js";
import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { plainText } from "./ansi.js";
import { notableFields, reading, valueOf } from "./fields.js";
import { pieces } from "./marks.js";
import { firstLine, folded, hiddenText } from "./shortened.js";

/** Fields that stand after a message, at most. */
const MOST_NOTABLE = 8;

/**
 * @param {import("../data/log_line.js").Line} line
 * @param {{wrap: boolean, columns: string[], find: (text: string) => [number, number][], withDate: boolean,
 *   hideService: boolean, unfolded: boolean, expanded: boolean, onUnfold: () => void}} view
 * @returns {HTMLElement[]} the head (what is clicked) and what stands beside it
 */
export function rowOf(line, view) {
  const { level, service, traceId } = reading(line);
  const time = view.withDate ? dateTime(line.time, { milliseconds: true }) : clock(line.time, { milliseconds: true });
  const head = h(
    "div",
    { class: "log-head", role: "button", "aria-expanded": view.expanded, tabindex: "-1" },
    h("time", { class: "log-time", datetime: isoOf(line) }, time),
    h("span", { class: "log-level", "data-level": level }, level === "unknown" ? "" : level),
    view.hideService ? null : serviceOf(service),
    view.columns.map((name) => column(line, name, view.find)),
    message(line, view),
  );
  return [head, traceId ? traceLink(traceId) : null].filter(Boolean);
}

function isoOf(line) {
  return Math.abs(line.time) < 8e12 ? new Date(line.time * 1000).toISOString() : null;
}

function serviceOf(name) {
  return h(
    "span",
    { class: "log-service", title: name },
    name && h("span", { class: "log-dot", style: { "--colour": serviceCss(name) }, "aria-hidden": "true" }),
    plainText(name),
  );
}

function column(line, name, find) {
  const value = plainText(valueOf(line, name) ?? "").slice(0, 500);
  return h(
    "span",
    { class: "log-column", title: `${name}: ${value || "none"}` },
    value ? marked(value, find) : h("span", { class: "log-none" }, "–"),
  );
}

function message(line, view) {
  const { message: text, format } = reading(line);
  const part = view.wrap ? (view.unfolded ? unfolded(text) : folded(text)) : firstLine(text);
  const hidden = hiddenText(part);
  return h(
    "span",
    { class: "log-message" },
    marked(plainText(part.shown), view.find),
    hidden && (view.wrap ? unfoldButton(hidden, view.onUnfold) : h("span", { class: "log-hidden" }, ` … ${hidden}`)),
    format === "json" || format === "logfmt" ? notable(line, view) : null,
  );
}

/** Longer than this a line is read in its details, piece by piece. */
const MOST_UNFOLDED = 50_000;

function unfolded(text) {
  const shown = text.slice(0, MOST_UNFOLDED);
  return { shown, hiddenLines: 0, hiddenCharacters: text.length - shown.length };
}

function unfoldButton(hidden, onUnfold) {
  return h(
    "button",
    { type: "button", class: "log-unfold", tabindex: "-1", onclick: (event) => (event.stopPropagation(), onUnfold()) },
    `Show ${hidden}`,
  );
}

function notable(line, view) {
  const { messageName } = reading(line);
  // A logfmt line without a message is its fields already.
  if (messageName === null) return null;
  return notableFields(line)
    .filter(([name]) => !view.columns.includes(name))
    .slice(0, MOST_NOTABLE)
    .map(([name, value]) => [
      " ",
      h(
        "span",
        { class: "log-field" },
        h("span", { class: "log-field-name" }, `${name}=`),
        marked(plainText(value), view.find),
      ),
    ]);
}

/** A text with what was looked for marked in it. */
export function marked(text, find) {
  const places = find(text);
  return places.length === 0
    ? text
    : pieces(text, places).map((piece) => (piece.marked ? h("mark", null, piece.text) : piece.text));
}

function traceLink(traceId) {
  return h(
    "a",
    {
      class: "log-trace",
      href: traceAddress(traceId),
      tabindex: "-1",
      title: "Open its trace",
      "aria-label": "Open the trace of this line",
    },
    icon("right"),
    h("span", null, "trace"),
  );
}
