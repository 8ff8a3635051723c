/** The panel beside the list: fields or patterns. */
import { h, replace } from "../ui/dom.js";
import { fieldsPanel } from "./fields_panel.js";
import { patternsPanel } from "./patterns_panel.js";
import { selectorOf } from "./query_text.js";

/** Milliseconds between two counts of the lines' fields. */
const PAUSE = 500;

const TITLES = { fields: "Fields of the lines", patterns: "Patterns" };

/**
 * @param {HTMLElement} root
 * @param {{onFilter: Function, onColumns: Function, onPattern: Function,
 *   asked: () => {query: string, from: number, to: number}, shown: () => {lines: object[], columns: string[]}}} options
 * @returns {{show: (name: "fields"|"patterns"|null) => void, update: () => void, ask: () => void,
 *   destroy: () => void}} `update` when other lines are shown, `ask` when something else is asked
 */
export function sidePanel(root, { onFilter, onColumns, onPattern, asked, shown }) {
  let panel = null;
  let name = null;
  let waiting = null;

  const count = () => {
    waiting = null;
    if (name === "fields") panel.update(shown().lines, shown().columns);
  };
  // Live lines come many times a second, and all are counted each time.
  const update = () => {
    waiting ??= setTimeout(count, PAUSE);
  };
  const ask = () => {
    if (name === "fields") panel.forget();
    if (name === "patterns") panel.update({ ...asked(), selector: selectorOf(asked().query) });
  };

  return {
    update,
    ask,
    show(wanted) {
      if (wanted === name) return;
      clearTimeout(waiting);
      waiting = null;
      panel?.destroy();
      name = wanted;
      root.hidden = wanted === null;
      if (wanted === null) {
        panel = null;
        root.replaceChildren();
        return;
      }
      const body = h("div", { class: "logs-side-body" });
      root.setAttribute("aria-label", TITLES[wanted]);
      replace(root, h("h2", null, TITLES[wanted]), body);
      panel = wanted === "fields" ?
        fieldsPanel(body, { onFilter, onColumns, asked }) :
        patternsPanel(body, { onPattern });
      count();
      ask();
    },
    destroy() {
      clearTimeout(waiting);
      panel?.destroy();
    },
  };
}
