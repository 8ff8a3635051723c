/** A table that can be sorted by its heads, with rows that can be chosen. */

import { h, replace } from "./dom.js";
import { icon } from "./icons.js";

/** More rows than this are not drawn; the table says so. Longer lists take virtual_list.js. */
const MOST_ROWS = 1000;

/**
 * @param {HTMLElement} root
 * @param {{columns: Array<{id: string, title: string, hint?: string, align?: "start"|"end", width?: string,
 *   render: function(*): (Node|string|number), sort?: function(*): (number|string)}>, rows?: Array, caption: string,
 *   onRow?: function(*, Event): void, rowLabel?: function(*): string, empty?: string|Node,
 *   rowKey?: function(*): string, sortBy?: {id: string, descending: boolean},
 *   onSort?: function({id, descending}): void}} options `sort` gives what a row is compared by, rowKey what it is known
 *   by from one update to the next; a row with onRow and rowLabel is reached with Tab and opened with Enter, one
 *   without a label has a link in it that leads to the same; the caption is for screen readers
 * @returns {{update: function(Array): void, destroy: function(): void}}
 */
export function table(root, options) {
  const { columns, caption, onSort, rowKey, empty = "Nothing to show." } = options;
  let { rows = [], sortBy = null } = options;
  const heads = columns.map((column) => head(column, () => toggle(column)));
  const body = h("tbody");
  const note = h("p", { class: "table-note" });
  const element = h(
    "table",
    { class: "table" },
    h("caption", { class: "visually-hidden" }, caption),
    h("thead", {}, h("tr", {}, heads)),
    body,
  );
  replace(
    root,
    h("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": caption }, element),
    note,
  );

  function toggle(column) {
    const same = sortBy?.id === column.id;
    // Numbers are looked at from the largest on, words from the first letter on.
    const first = rows.length > 0 && typeof column.sort(rows[0]) === "number";
    sortBy = { id: column.id, descending: same ? !sortBy.descending : first };
    draw();
    onSort?.(sortBy);
  }

  function draw() {
    const column = columns.find(({ id }) => id === sortBy?.id);
    const sorted = column?.sort ? sortedBy(rows, column.sort, sortBy.descending) : rows;
    columns.forEach((each, index) => {
      const direction = sortBy?.descending ? "descending" : "ascending";
      if (each.sort) {
        heads[index].setAttribute("aria-sort", each === column ? direction : "none");
      }
    });
    const held = focusIn(body);
    const cells = sorted.slice(0, MOST_ROWS).map((row, index) => {
      const element = line(row, columns, options);
      element.dataset.key = rowKey ? rowKey(row) : index;
      return element;
    });
    replace(
      body,
      cells.length > 0 ? cells : h("tr", {}, h("td", { class: "table-empty", colspan: columns.length }, empty)),
    );
    if (held) {
      focusAgain(body, held);
    }
    note.textContent = rows.length > MOST_ROWS ? `The first ${MOST_ROWS} of ${rows.length} rows.` : "";
  }

  draw();
  return {
    update(next) {
      rows = next;
      draw();
    },
    destroy: () => root.replaceChildren(),
  };
}

function head(column, onClick) {
  const attributes = {
    scope: "col",
    class: column.align === "end" ? "end" : null,
    style: column.width ? { width: column.width } : null,
    title: column.hint,
  };
  if (!column.sort) {
    return h("th", attributes, column.title);
  }
  return h(
    "th",
    { ...attributes, "aria-sort": "none" },
    h("button", { type: "button", class: "table-sort", onclick: onClick }, column.title, icon("down")),
  );
}

function line(row, columns, { onRow, rowLabel }) {
  const cells = columns.map((column) => h("td", { class: column.align === "end" ? "end" : null }, column.render(row)));
  if (!onRow) {
    return h("tr", {}, cells);
  }
  const act = (event) => {
    // A link or a button in a cell does its own.
    if (!event.target.closest("a, button, input")) {
      event.preventDefault();
      onRow(row, event);
    }
  };
  const attributes = {
    class: "table-row-link",
    tabindex: rowLabel ? "0" : null,
    "aria-label": rowLabel?.(row) ?? null,
    onclick: act,
    onkeydown: (event) => event.key === "Enter" && act(event),
  };
  return h("tr", attributes, cells);
}

/** Where the focus is: the row's key and which of its controls, so that an update does not take it away. */
function focusIn(body) {
  const row = [...body.children].find((each) => each.contains(document.activeElement));
  return row ? { key: row.dataset.key, control: controlsOf(row).indexOf(document.activeElement) } : null;
}

function focusAgain(body, { key, control }) {
  const row = [...body.children].find((each) => each.dataset.key === key) ?? body.lastElementChild;
  const controls = controlsOf(row);
  (controls[control] ?? controls[0])?.focus({ preventScroll: true });
}

function controlsOf(row) {
  return [row, ...row.querySelectorAll("*")].filter((element) => element.tabIndex >= 0);
}

function sortedBy(rows, key, descending) {
  const keyed = rows.map((row, index) => ({ row, index, key: key(row) }));
  const sign = descending ? -1 : 1;
  keyed.sort((one, other) => {
    // What has no value is last either way.
    if (isMissing(one.key) || isMissing(other.key)) {
      return Number(isMissing(one.key)) - Number(isMissing(other.key)) || one.index - other.index;
    }
    const order = typeof one.key === "string" ? one.key.localeCompare(other.key) : one.key - other.key;
    return sign * order || one.index - other.index;
  });
  return keyed.map(({ row }) => row);
}

function isMissing(key) {
  return key === null || key === undefined || Number.isNaN(key);
}
