/** Panels of type table: one table, its cells shown as their fields say. */

import { traceAddress } from "../../addresses.js";
import { displayed } from "../../chart/values.js";
import { dateTime } from "../../format/time.js";
import { h } from "../../ui/dom.js";
import { menu } from "../../ui/menu.js";
import { table } from "../../ui/table.js";
import { displayOf } from "../field_config.js";

export function draw(root, panel, tools) {
  let shown = null;
  let shape = "";
  let content = "";
  const destroy = () => shown?.destroy();
  return {
    update({ frames }) {
      const frame = frames[panel.options?.frameIndex ?? 0] ?? frames[0] ?? { fields: [], length: 0 };
      const fields = frame.fields.filter(({ hidden, config }) => !hidden && !config.custom.hidden);
      const rows = rowsOf(frame);
      const now = JSON.stringify(fields.map(({ name, title }) => [name, title]));
      if (shown && now === shape) {
        // A row that is the same stays: somebody may just be clicking it.
        const told = JSON.stringify(rows);
        if (told !== content) {
          content = told;
          shown.update(rows);
        }
        return;
      }
      content = JSON.stringify(rows);
      // Other columns than before: a variable was changed, or the first row has come.
      destroy();
      root.replaceChildren();
      shape = now;
      shown = table(root, {
        columns: widthsOf(fields, root.clientWidth).map((width, index) => columnOf(fields[index], width, tools)),
        sortBy: sortOf(fields, panel.options?.sortBy),
        rows,
        caption: tools.words(panel.title),
      });
    },
    destroy,
  };
}

export function isEmpty({ frames }) {
  return !frames.some(({ length }) => length > 0);
}

/**
 * Rows as objects by the names of fields. Pure.
 *
 * @param {import("../frames.js").Frame} frame
 * @returns {Array<Object<string, *>>}
 */
export function rowsOf({ fields, length }) {
  return Array.from(
    { length },
    (_, index) => Object.fromEntries(fields.map(({ name, values }) => [name, values[index]])),
  );
}

/** The panel's own order, until a head is clicked. */
function sortOf(fields, sortBy = []) {
  const [wanted] = sortBy;
  const field = fields.find(({ title, name }) => title === wanted?.displayName || name === wanted?.displayName);
  return field ? { id: field.name, descending: Boolean(wanted.desc) } : null;
}

/** A column without a width gets so many pixels where there is little room. */
const USUAL = 90;

/** Columns may shrink to this share of what they ask for; where there is less room the table scrolls. */
const SHRINKS_TO = 0.8;

/**
 * The widths that fields ask for, and shares of the room where there is a little less than they ask for. Pure.
 *
 * @param {import("../frames.js").Field[]} fields
 * @param {number} room in pixels
 * @returns {Array<string|undefined>}
 */
export function widthsOf(fields, room) {
  const wanted = fields.map(({ config }) => config.custom.width);
  const total = wanted.reduce((sum, width) => sum + (width ?? USUAL), 0);
  if (room === 0 || total <= room) {
    return wanted.map((width) => (width ? `${width}px` : undefined));
  }
  const shrinks = room / total >= SHRINKS_TO;
  return wanted.map((width) =>
    shrinks ? `${Math.round(((width ?? USUAL) / total) * 1000) / 10}%` : `${width ?? USUAL}px`
  );
}

function columnOf(field, width, tools) {
  const { name, title, type, config } = field;
  const display = displayOf(withRange(config, field), tools.colourOf);
  return {
    id: name,
    title,
    align: type === "number" ? "end" : "start",
    width,
    sort: (row) => row[name] ?? null,
    render: (row) => cell(row, field, display, tools),
  };
}

/** A bar in a cell needs ends: those of the column where the field says nothing. */
function withRange(config, { type, values }) {
  if (type !== "number") {
    return config;
  }
  const numbers = Array.from(values).filter((value) => Number.isFinite(value));
  return { ...config, min: config.min ?? Math.min(0, ...numbers), max: config.max ?? Math.max(0, ...numbers) };
}

function cell(row, field, display, tools) {
  const value = row[field.name];
  const { text, colour } = shownAs(value, field, display);
  const content = linked(text, value, row, field, tools);
  const { type = "auto", wrapText } = field.config.custom.cellOptions ?? {};
  if (type === "color-text" && colour) {
    return h("span", { class: "cell-coloured", style: { color: colour } }, content);
  }
  if (type === "color-background" && colour) {
    return h("span", { class: "cell-filled", style: { "--cell": colour } }, content);
  }
  if (type === "gauge" && Number.isFinite(value)) {
    const share = Math.min(Math.max((value - display.min) / (display.max - display.min || 1), 0), 1);
    const bar = h("span", { class: "cell-bar", "aria-hidden": "true", style: { "--share": share, "--cell": colour } });
    return h("span", { class: "cell-gauge" }, bar, content);
  }
  return h("span", { class: wrapText ? "cell-wrapped" : "cell", title: wrapText ? null : text }, content);
}

function shownAs(value, { type }, display) {
  if (type === "time") {
    return { text: Number.isFinite(value) ? dateTime(value) : "–", colour: null };
  }
  return displayed(value, display);
}

function linked(text, value, row, { name, config }, tools) {
  if (name === "Trace ID" && value) {
    return h("a", { class: "trace-id", href: traceAddress(value, { span: row["Span ID"] ?? undefined }) }, text);
  }
  const links = tools.linksOf(config.links, { value, text, name, row });
  if (links.length === 1) {
    const [{ href, title, outside }] = links;
    return h("a", { href, title, target: outside ? "_blank" : null, rel: outside ? "noreferrer" : null }, text);
  }
  if (links.length > 1) {
    const open = (event) =>
      menu(event.currentTarget, links.map(({ title, href, outside }) => ({ text: title, href, external: outside })));
    return h("button", { type: "button", class: "link", onclick: open }, text);
  }
  return text;
}
