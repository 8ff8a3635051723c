/** Where the parts of the Logs page stand. */
import { exploreAddress } from "../addresses.js";
import { h, replace } from "../ui/dom.js";

/**
 * @param {HTMLElement} root
 * @param {{onRun: () => void}} options
 * @returns {{places: Object<string, HTMLElement>, lead: (query: string, range: object) => void}} `lead` points the
 *   link to Explore at a query
 */
export function layOut(root, { onRun }) {
  const place = (name) => h("div", { class: name });
  const places = {
    filters: place("logs-filters"),
    editor: place("logs-editor"),
    volume: place("logs-volume"),
    bar: place("logs-bar"),
    notice: place("logs-notice"),
    first: place("logs-edge"),
    list: place("logs-list"),
    last: place("logs-edge"),
    side: h("aside", { class: "logs-side", hidden: true }),
  };
  const explore = h("a", { class: "button" }, "Open in Explore");
  const run = h("button", { type: "button", class: "button button-primary", onclick: onRun }, "Run");
  const lines = h("div", { class: "logs-lines" }, places.first, places.list, places.last);
  const page = h(
    "div",
    { class: "logs-page" },
    h("div", { class: "logs-head" }, h("h1", null, "Logs"), explore),
    places.filters,
    h("div", { class: "logs-query" }, places.editor, run),
    places.volume,
    places.bar,
    places.notice,
    h("div", { class: "logs-body" }, lines, places.side),
  );
  replace(root, page);

  return {
    places,
    lead(query, range) {
      explore.href = exploreAddress([{ source: "loki", query, view: "lines" }], range);
    },
  };
}
