/** Rows of a table that are changed in place: what somebody reads, selects or is about to press does not flicker. */

import { h } from "../../workbench/static/ui/dom.js";

/**
 * @param {HTMLElement} body
 * @param {Array<*>} items
 * @param {function(*): string} keyOf
 * @param {function(*): Array<{class?: string, text?: string, node?: function(): Node, key?: string}>} cellsOf a cell's
 *   `node` is made anew only when its `key` has changed
 * @param {function(*): string} [classOf]
 */
export function drawRows(body, items, keyOf, cellsOf, classOf = () => "") {
  const there = new Map([...body.children].map((row) => [row.dataset.key, row]));
  items.forEach((item, place) => {
    const key = keyOf(item);
    const cells = cellsOf(item);
    let row = there.get(key);
    there.delete(key);
    if (!row) {
      row = h("tr", { "data-key": key }, cells.map((_, number) => h(number === 0 ? "th" : "td", number === 0 ? { scope: "row" } : {})));
    }
    if (row.className !== classOf(item)) row.className = classOf(item);
    cells.forEach((cell, number) => drawCell(row.children[number], cell));
    if (body.children[place] !== row) body.insertBefore(row, body.children[place] ?? null);
  });
  for (const row of there.values()) row.remove();
}

function drawCell(element, cell) {
  const look = cell.class ?? "";
  if (element.className !== look) element.className = look;
  const key = cell.node ? `node ${cell.key}` : `text ${cell.text}`;
  if (element.dataset.shows === key) return;
  element.dataset.shows = key;
  element.replaceChildren(cell.node ? cell.node() : String(cell.text ?? ""));
}

/** A table with a head and an empty body. */
export function tableOf(label, titles) {
  const body = h("tbody", {});
  const head = titles.map(({ text, class: look = "", hidden = false }) =>
    h("th", { scope: "col", class: look }, hidden ? h("span", { class: "visually-hidden" }, text) : text)
  );
  const element = h(
    "div",
    // On a narrow screen it is moved sideways, by the keyboard as well.
    { class: "workshop-table", role: "region", "aria-label": `${label}, as a table`, tabindex: "0" },
    h("table", { class: "table", "aria-label": label }, h("thead", {}, h("tr", {}, head)), body),
  );
  return { element, body };
}

/** How much of the path is done: a bar with its numbers. */
export function progressCell({ solved, exercises }) {
  return {
    key: `${solved}/${exercises}`,
    node: () =>
      h(
        "span",
        { class: "workshop-progress" },
        h("progress", { value: solved, max: Math.max(exercises, 1), "aria-label": "Exercises solved" }),
        h("span", { class: "quiet small" }, exercises ? `${solved} of ${exercises}` : ""),
      ),
  };
}
