/** Names of the series below or beside a chart: which colour is whose, what they come to, and a way to hide them. */

import { h, replace } from "../ui/dom.js";
import { calcTitle, calculate, isPlain } from "./calcs.js";
import { displayed } from "./values.js";

export class Legend {
  #root;
  #actions;
  #rows = new Map();
  #shape = "";
  #sort = null;

  /**
   * @param {HTMLElement} root
   * @param {{toggle: (key: string, one: boolean) => void, hover: (key: string|null) => void, all: () => void}}
   *   actions
   *   toggle: `one` is true for "only this one" (again: all), false for "this one on or off"
   */
  constructor(root, actions) {
    this.#root = root;
    this.#actions = actions;
  }

  /**
   * @param {{name: string, key: string, colour: string, shown: boolean, dash: boolean, series: Object, unit: string,
   *   decimals: number}[]} entries
   * @param {import("./time_series.js").Options} options
   * @param {number} left how many series are not drawn at all
   */
  update(entries, options, left = 0) {
    const calcs = options.calcs ?? [];
    const table = options.legend === "table";
    const shape = JSON.stringify([
      table,
      calcs,
      left,
      options.maxSeries,
      entries.map((entry) => entry.key),
      options.legendSort,
    ]);
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#build(entries, calcs, table, options, left);
    }
    for (const entry of entries) this.#fill(entry, calcs, options);
    if (table) this.#order(entries, calcs, options);
  }

  #build(entries, calcs, table, options, left) {
    this.#rows.clear();
    const more = left > 0
      ? h(
        "button",
        { type: "button", class: "chart-legend-more", onclick: () => this.#actions.all() },
        `Showing ${entries.length} of ${entries.length + left} series: show all`,
      )
      : null;
    if (!table) {
      const items = entries.map((entry) =>
        h("li", null, this.#row(entry, calcs).button, this.#rows.get(entry.key).cells)
      );
      replace(this.#root, more, h("ul", { class: "chart-legend-list" }, items));
      return;
    }
    const heads = [["name", "Name"], ...calcs.map((id) => [id, calcTitle(id)])].map(([id, title]) =>
      h(
        "th",
        { scope: "col", "data-by": id },
        h("button", { type: "button", onclick: () => this.#sortBy(id, entries, calcs, options) }, title),
      )
    );
    const rows = entries.map((entry) => {
      const row = this.#row(entry, calcs);
      row.line = h("tr", null, h("th", { scope: "row" }, row.button), row.cells.map((cell) => h("td", null, cell)));
      return row.line;
    });
    const head = h("thead", null, h("tr", null, heads));
    replace(this.#root, more, h("table", { class: "chart-legend-table" }, head, h("tbody", null, rows)));
  }

  #row({ key, name }, calcs) {
    const swatch = h("span", { class: "chart-swatch" });
    const button = h(
      "button",
      {
        type: "button",
        class: "chart-legend-name",
        title: name,
        onclick: (event) => this.#actions.toggle(key, !(event.ctrlKey || event.metaKey || event.shiftKey)),
        onpointerenter: () => this.#actions.hover(key),
        onpointerleave: () => this.#actions.hover(null),
      },
      swatch,
      h("span", { class: "chart-legend-text" }, name),
    );
    const row = { button, swatch, cells: calcs.map(() => h("span", { class: "chart-legend-value" })) };
    this.#rows.set(key, row);
    return row;
  }

  #fill({ key, colour, shown, dash, series, unit, decimals }, calcs, options) {
    const row = this.#rows.get(key);
    row.button.setAttribute("aria-pressed", String(shown));
    row.swatch.style.setProperty("--colour", colour);
    row.swatch.classList.toggle("is-dashed", dash);
    calcs.forEach((id, i) => {
      const value = calculate(id, series);
      const { text } = displayed(
        value,
        isPlain(id) ? { unit: "none" } : { unit, decimals, mappings: options.mappings },
      );
      const shownText = options.legend === "table" ? text : `${calcTitle(id)} ${text}`;
      if (row.cells[i].textContent !== shownText) row.cells[i].textContent = shownText;
    });
  }

  #sortBy(by, entries, calcs, options) {
    const now = this.#sort ?? startSort(options, calcs);
    this.#sort = { by, descending: now?.by === by ? !now.descending : by !== "name" };
    this.#order(entries, calcs, options);
  }

  #order(entries, calcs, options) {
    const sort = this.#sort ?? startSort(options, calcs);
    for (const head of this.#root.querySelectorAll("th[data-by]")) {
      const here = head.dataset.by === sort?.by;
      if (here) head.setAttribute("aria-sort", sort.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    if (!sort) return;
    const ordered = sorted(entries, sort);
    const body = this.#root.querySelector("tbody");
    ordered.forEach(({ key }, place) => {
      const { line } = this.#rows.get(key);
      if (body.children[place] !== line) body.insertBefore(line, body.children[place] ?? null);
    });
  }
}

/** Grafana writes the title of the calc ("Mean"), we its id; both are understood. */
function startSort({ legendSort }, calcs) {
  if (!legendSort?.by) return null;
  const wanted = legendSort.by.toLowerCase();
  const by = wanted === "name"
    ? "name"
    : calcs.find((id) => id.toLowerCase() === wanted || calcTitle(id).toLowerCase() === wanted);
  return by ? { by, descending: Boolean(legendSort.descending) } : null;
}

function sorted(entries, { by, descending }) {
  const keyed = entries.map((entry) => ({ entry, value: by === "name" ? entry.name : calculate(by, entry.series) }));
  const sign = descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (by === "name") return sign * a.value.localeCompare(b.value, undefined, { numeric: true });
    const [one, other] = [a.value, b.value].map((value) => (Number.isNaN(value) ? -Infinity : value));
    return one === other ? 0 : sign * (one < other ? -1 : 1);
  });
  return keyed.map(({ entry }) => entry);
}
