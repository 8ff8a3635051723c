/** The one floating box that says what is under the cursor. Read by eyes only: keyboards have the live region. */

import { dateTime } from "../format/time.js";
import { h, replace } from "../ui/dom.js";

const box = { element: null, owner: null };
const AWAY = 14;

/**
 * @param {Object} owner the chart that shows it; another chart's `hideTooltip` does nothing
 * @param {(Node|null)[]} content @param {number} x @param {number} y of the cursor in the window
 */
export function showTooltip(owner, content, x, y) {
  box.element ??= h("div", { class: "chart-tooltip", "aria-hidden": "true" });
  box.owner = owner;
  replace(box.element, content);
  if (!box.element.isConnected) document.body.append(box.element);
  const { width, height } = box.element.getBoundingClientRect();
  const right = x + AWAY + width <= window.innerWidth - 4;
  const left = right ? x + AWAY : Math.max(4, x - AWAY - width);
  const top = Math.max(4, Math.min(y + AWAY, window.innerHeight - height - 4));
  box.element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

export function hideTooltip(owner) {
  if (box.owner !== owner) return;
  box.owner = null;
  box.element?.remove();
}

/**
 * @param {string} title
 * @param {{name: string, value: string, colour?: string, strong?: boolean}[]} rows
 * @param {string} [note] below the rows
 * @returns {Node[]}
 */
export function tooltipContent(title, rows, note) {
  return [
    h("div", { class: "chart-tooltip-title" }, title),
    rows.length
      ? h(
        "table",
        null,
        h(
          "tbody",
          null,
          rows.map(({ name, value, colour, strong }) =>
            h(
              "tr",
              { class: strong ? "is-near" : null },
              h(
                "td",
                { class: "chart-tooltip-key" },
                colour ? h("span", { class: "chart-swatch", style: { background: colour } }) : null,
              ),
              h("th", { scope: "row" }, name),
              h("td", { class: "chart-tooltip-value" }, value),
            )
          ),
        ),
      )
      : null,
    note ? h("div", { class: "chart-tooltip-note" }, note) : null,
  ];
}

/** Attributes that say nothing beyond what stands above them. */
const SAID = new Set(["trace_id", "traceID", "span_id", "spanID", "__name__", "le"]);
const MOST_ATTRIBUTES = 12;

/**
 * @param {{time: number, traceId?: string, labels?: Object, attributes?: Object}} exemplar
 * @param {string} value as it is shown
 * @param {boolean} leads whether a click on it does something
 */
export function exemplarContent({ time, traceId, labels, attributes }, value, leads) {
  const more = Object.entries({ ...labels, ...attributes }).filter(([name]) => !SAID.has(name)).slice(
    0,
    MOST_ATTRIBUTES,
  );
  const rows = [
    { name: "Value", value },
    ...(traceId ? [{ name: "Trace", value: traceId }] : []),
    ...more.map(([name, text]) => ({ name, value: String(text) })),
  ];
  const note = leads ? "Click or press Enter to follow it." : undefined;
  return tooltipContent(`Exemplar, ${dateTime(time, { milliseconds: true })}`, rows, note);
}
