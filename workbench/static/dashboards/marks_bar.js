/** The switches of a dashboard's annotations, and what asks for those that are on. */

import { dashboardColour } from "../colours.js";
import { h, uniqueId } from "../ui/dom.js";
import { marker } from "./annotations.js";

/**
 * @param {HTMLElement} root
 * @param {import("./board.js").Board} board
 * @param {{hidden: function(): string[], onHide: function(string[]): void, onMarks: function(): void}} options names of
 *   annotations that are switched off; onMarks is called when there are other marks
 * @returns {{refresh: function(): Promise<void>, destroy: function(): void}}
 */
export function marksBar(root, board, { hidden, onHide, onMarks }) {
  const annotations = (board.document.annotations?.list ?? []).filter(({ builtIn, hide }) => !builtIn && !hide);
  const asked = new Map();
  let controller = null;
  let shown = "[]";

  root.replaceChildren(...annotations.map(switchOf));

  function switchOf(annotation) {
    const id = uniqueId("marks");
    const box = h("input", {
      id,
      type: "checkbox",
      checked: isOn(annotation),
      onchange() {
        const off = annotations.filter((one) => (one === annotation ? !box.checked : !isOn(one)));
        onHide(off.map(({ name }) => name));
        refresh();
      },
    });
    const dot = h("span", {
      class: "mark-dot",
      style: { "--mark": dashboardColour(annotation.iconColor ?? "") },
      "aria-hidden": "true",
    });
    return h("span", { class: "mark-switch" }, box, h("label", { for: id }, dot, annotation.name));
  }

  function isOn({ name, enable = true }) {
    return enable && !hidden().includes(name);
  }

  async function refresh() {
    controller?.abort();
    const mine = new AbortController();
    controller = mine;
    try {
      const questions = (await board.questions()).annotations;
      const range = { ...board.range(), signal: mine.signal };
      const wanted = annotations.filter((annotation) => isOn(annotation) && questions[annotation.name]);
      const found = await Promise.allSettled(
        wanted.map((annotation) => askerOf(annotation, questions[annotation.name])(range)),
      );
      if (!mine.signal.aborted) {
        // Marks that cannot be asked for are no reason to spoil the graphs that can.
        const marks = found.flatMap(({ value }) => value ?? []);
        const now = JSON.stringify(marks);
        if (now !== shown) {
          shown = now;
          board.setAnnotations(marks);
          onMarks();
        }
      }
    } catch {
      // The panels say why there are no questions.
    }
  }

  function askerOf(annotation, question) {
    const key = JSON.stringify(question);
    const known = asked.get(annotation.name);
    if (known?.key === key) {
      return known.ask;
    }
    const ask = marker(annotation, question, dashboardColour(annotation.iconColor ?? ""));
    asked.set(annotation.name, { key, ask });
    return ask;
  }

  return { refresh, destroy: () => controller?.abort() };
}
