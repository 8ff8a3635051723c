/** A line opened: where it leads, all that it has, and the line as it was sent. */
import { dateTime } from "../format/time.js";
import { copy } from "../ui/clipboard.js";
import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { plainText } from "./ansi.js";
import { everything, reading } from "./fields.js";
import { addressOfLine, linksOf } from "./links.js";
import { marked } from "./row.js";
import { AT_A_TIME, folded, hiddenText } from "./shortened.js";

const KINDS = { label: "label", metadata: "metadata", field: "field" };
/** What was said comes before where it came from. */
const ORDER = ["field", "label", "metadata"];
const MOST_ROWS = 300;

/**
 * @param {import("../data/log_line.js").Line} line
 * @param {{find: Function, columns: string[], query: string|undefined, onFilter: Function|undefined,
 *   onColumns: Function|undefined, onContext: Function|undefined}} view
 * @returns {HTMLElement}
 */
export function detailsOf(line, view) {
  const { format, message } = reading(line);
  const rows = everything(line).sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind));
  return h(
    "div",
    { class: "log-details" },
    actions(line, view),
    format === "json" && message !== line.line && message.includes("\n") ? longText(message, view.find) : null,
    rows.length ? table(line, rows, format, view) : null,
    format === "long" &&
      h("p", { class: "log-note" }, "This line is too long to be taken apart into fields; it is shown as text."),
    h("h4", null, "The line as it was sent"),
    longText(line.line, view.find),
  );
}

function actions(line, view) {
  return h(
    "p",
    { class: "log-actions" },
    h("span", { class: "log-moment" }, `${dateTime(line.time)}.${line.nano.slice(-9)}`),
    linksOf(line).map(({ title, href }) => h("a", { href }, title)),
    view.actions?.(line).map(({ title, onSelect }) => button(title, onSelect)),
    view.onContext && button("Lines around it", () => view.onContext(line)),
    button("Copy the line", () => copy(line.line, "The line")),
    button(
      "Copy a link to it",
      () => copy(new URL(addressOfLine(line, view.query), location.href).href, "A link to the line"),
    ),
  );
}

function button(title, onclick) {
  return h("button", { type: "button", class: "log-action", onclick }, title);
}

function table(line, rows, format, view) {
  return h(
    "table",
    { class: "log-fields" },
    h("caption", { class: "visually-hidden" }, "Labels, metadata and fields of this line"),
    h("colgroup", null, ["name", "value", "kind", "tools"].map((name) => h("col", { class: `log-col-${name}` }))),
    h(
      "thead",
      { class: "visually-hidden" },
      h("tr", null, ["Name", "Value", "From", "Actions"].map((title) => h("th", { scope: "col" }, title))),
    ),
    h("tbody", null, rows.slice(0, MOST_ROWS).map((row) => fieldRow(line, row, format, view))),
  );
}

function fieldRow(line, { kind, name, value }, format, view) {
  const shown = view.columns.includes(name);
  const filter = (operator) => view.onFilter(name, value, operator, { kind, name, value, format });
  const named = plainText(name).slice(0, 200);
  return h(
    "tr",
    { "data-field": name },
    h("th", { scope: "row" }, named),
    h("td", { class: "log-value" }, foldedText(value, view.find)),
    h("td", { class: "log-kind" }, KINDS[kind]),
    h(
      "td",
      { class: "log-tools" },
      view.onFilter && tool("plus", `Only lines where ${named} is this`, () => filter("=")),
      view.onFilter && tool("minus", `No lines where ${named} is this`, () => filter("!=")),
      view.onColumns &&
        tool(
          "menu",
          shown ? `Do not show ${named} as a column` : `Show ${named} as a column`,
          () => view.onColumns(shown ? view.columns.filter((one) => one !== name) : [...view.columns, name]),
          shown,
        ),
      tool("copy", `Copy the value of ${named}`, () => copy(value, "The value")),
    ),
  );
}

function tool(name, label, onclick, pressed) {
  const state = pressed === undefined ? {} : { "aria-pressed": pressed };
  return h(
    "button",
    { type: "button", class: "log-tool", "aria-label": label, title: label, onclick, ...state },
    icon(name),
  );
}

function foldedText(text, find) {
  const part = folded(text);
  const hidden = hiddenText(part);
  const place = h("span", null, marked(plainText(part.shown), find));
  if (!hidden) return place;
  const more = h("button", { type: "button", class: "log-unfold" }, `Show ${hidden}`);
  more.addEventListener("click", () => {
    replace(place, longText(text, find));
    more.remove();
  });
  return [place, " ", more];
}

/** A text of any length, a piece at a time. */
function longText(text, find) {
  const place = h("pre", { class: "log-raw" });
  let shown = 0;
  const more = h("button", { type: "button", class: "log-unfold" });
  const show = () => {
    const piece = plainText(text.slice(shown, shown + AT_A_TIME));
    shown += AT_A_TIME;
    place.append(...[marked(piece, find)].flat());
    if (shown < text.length) {
      more.textContent = `Show the next ${Math.min(AT_A_TIME, text.length - shown).toLocaleString("en")} of ${
        (text.length - shown).toLocaleString("en")
      } more characters`;
    } else more.remove();
  };
  more.addEventListener("click", show);
  show();
  return shown < text.length ? [place, more] : place;
}
