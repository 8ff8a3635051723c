/**
 * The controls of a pane: what is asked, how it is shown, and what can be done with the query. They draw what the pane
 * tells them, and say what was pressed.
 *
 * @typedef {object} Act
 * @property {(source: string) => void} source @property {(view: string) => void} view
 * @property {(change: object) => void} patch
 * @property {() => void} run @property {() => void} stop @property {() => void} format @property {() => void} options
 * @property {() => void} history @property {() => void} metrics @property {() => void} examples
 * @property {() => Node[]} tools the page's own
 */
import { copy } from "../ui/clipboard.js";
import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menuButton } from "../ui/menu.js";
import { saveFile } from "../ui/save_file.js";
import { kindOf } from "./asking.js";
import { csvOf, jsonOf } from "./download.js";
import { optionsRow } from "./options_row.js";
import { segmented } from "./segmented.js";
import { SOURCES, VIEWS } from "./state.js";

const TITLES = Object.fromEntries(Object.entries(SOURCES).map(([name, { title }]) => [name, title]));

/** APIs that put a query into its usual form. */
export const FORMATTERS = {
  prometheus: "/api/prometheus/api/v1/format_query",
  loki: "/api/loki/loki/api/v1/format_query",
};

export class Controls {
  /** Where they stand. */
  places = {
    source: h("div", { class: "pane-source" }),
    tools: h("div", { class: "pane-tools" }),
    actions: h("div", { class: "pane-actions" }),
    options: h("div", { class: "pane-options" }),
    views: h("div", { class: "pane-views" }),
    save: h("div", { class: "pane-save" }),
  };
  #act;

  /** @param {Act} act */
  constructor(act) {
    this.#act = act;
  }

  /**
   * @param {{state: import("./state.js").Pane, optionsOpen: boolean, texts: {from: string, to: string}}} shown
   *   `texts`: the page's time
   */
  drawHead({ state, optionsOpen, texts }) {
    const { source, options, views } = this.places;
    const kind = kindOf(state);
    replaceUnlessFocused(source, state.source, () =>
      segmented({
        label: "What is asked",
        options: TITLES,
        value: state.source,
        onChange: (name) => this.#act.source(name),
      }));
    this.#drawTools();
    replaceUnlessFocused(views, `${state.source} ${kind} ${state.view}`, () => this.#views(state, kind));
    options.hidden = !optionsOpen;
    const key = JSON.stringify([kind, state.step, state.limit, state.spans, state.order, state.range]);
    replaceUnlessFocused(options, key, () => {
      const row = h("div", { class: "options" });
      optionsRow(row, { pane: state, texts, patch: (change) => this.#act.patch(change) });
      return row;
    });
  }

  /** The page's tools have changed. */
  redrawTools() {
    this.places.tools.dataset.key = "old";
    this.#drawTools();
  }

  #drawTools() {
    replaceUnlessFocused(this.places.tools, "", () => [
      h(
        "button",
        { type: "button", class: "button button-quiet", onclick: () => this.#act.history() },
        icon("clock"),
        "History",
      ),
      ...this.#act.tools(),
    ]);
  }

  /** Of the source's views those that this query's answer can have. */
  #views({ source, view }, kind) {
    const fits = {
      prometheus: ["graph", "now"],
      loki: kind === "lines" ? ["lines"] : ["graph", "now"],
      tempo: kind === "series" ? ["graph"] : kind === "trace" ? ["trace"] : ["traces", "spans", "service map"],
    }[source];
    if (fits.length < 2) return null;
    const options = Object.fromEntries(fits.map((name) => [name, VIEWS[source][name]]));
    const value = fits.includes(view) ? view : fits[0];
    return segmented({ label: "How it is shown", options, value, onChange: (name) => this.#act.view(name) });
  }

  /**
   * @param {{state: import("./state.js").Pane, running: boolean, changed: boolean, answered: boolean,
   *   optionsOpen: boolean}} shown `changed`: what is written was not asked yet
   */
  drawActions({ state: { source, query }, running, changed, answered, optionsOpen }) {
    const act = this.#act;
    const quiet = (id, text, onclick, more = {}) =>
      h("button", { type: "button", class: "button button-quiet", "data-focus": id, onclick, ...more }, text);
    const run = { type: "button", "data-focus": "run", title: "Ctrl+Enter" };
    const runs = changed || !answered ? "button button-primary" : "button";
    const key = JSON.stringify([running, changed, runs, optionsOpen, source, query !== ""]);
    replaceUnlessFocused(this.places.actions, key, () => [
      running
        ? h("button", { ...run, class: "button", onclick: () => act.stop() }, spinner(), "Cancel")
        : h("button", { ...run, class: runs, onclick: () => act.run() }, icon("play"), "Run"),
      source in FORMATTERS ? quiet("format", "Format", () => act.format()) : null,
      quiet("options", "Options", () => act.options(), { "aria-expanded": optionsOpen }),
      source === "prometheus" ? quiet("metrics", "Metrics list", () => act.metrics()) : null,
      query ? quiet("examples", "Examples", () => act.examples()) : null,
      h("span", { class: "pane-hint quiet small" }, changed ? "Changed: not asked yet." : ""),
    ]);
  }

  /** @param {import("./asking.js").Answer} answer @param {() => string} query what it answers */
  drawSave(answer, query) {
    replace(
      this.places.save,
      menuButton({ class: "button button-quiet" }, [icon("download"), "Save"], () => [
        answer.kind !== "trace" && {
          text: "As CSV",
          onSelect: () => saveFile("explore.csv", csvOf(answer), "text/csv"),
        },
        { text: "As JSON", onSelect: () => saveFile("explore.json", jsonOf(answer), "application/json") },
        { text: "Copy the query", onSelect: () => copy(query(), "The query") },
      ]),
    );
  }
}

function spinner() {
  return h("span", { class: "spinner", "aria-hidden": "true" });
}

/** Draws anew what has changed; the focus stays on the control it was on. */
function replaceUnlessFocused(root, key, build) {
  if (root.dataset.key === key) return;
  const held = root.contains(document.activeElement) ? document.activeElement : null;
  const mark = held?.dataset.focus ?? held?.value ?? held?.textContent;
  root.dataset.key = key;
  replace(root, build());
  if (!held) return;
  const same = [...root.querySelectorAll("button, input, select")].find((control) => {
    return (control.dataset.focus ?? control.value ?? control.textContent) === mark || control.textContent === mark;
  });
  same?.focus({ preventScroll: true });
}
