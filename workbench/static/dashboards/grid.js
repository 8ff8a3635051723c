/** The panels of a dashboard in their rows; rows open and close; a panel asks when it comes near the window. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { panelView } from "./panel_view.js";
import { sectionsOf } from "./sections.js";

/** A panel begins to ask when it is so near. */
const MARGIN = "300px 0px";

/**
 * @param {HTMLElement} root
 * @param {import("./board.js").Board} board
 * @param {{single: number|null, turned: function(): Set<number>, onTurn: function(number): void}} options `single`:
 *   only
 *   this panel; `turned` gives the ids of rows that are not as the JSON says
 * @returns {{refresh: function(string): void, redraw: function(): void, destroy: function(): void}}
 */
export function grid(root, board, { single, turned, onTurn }) {
  const views = new Map();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        views.get(target)?.see(isIntersecting);
      }
    },
    { rootMargin: MARGIN },
  );

  const sections = sectionsOf(board.document.panels ?? []);
  if (single !== null) {
    const found = sections.flatMap(({ panels }) => panels).find(({ panel }) => panel.id === single);
    root.replaceChildren(
      h(
        "div",
        { class: "board-single" },
        h("h2", { class: "visually-hidden" }, "One panel"),
        found ? viewOf(found.panel) : nothing(single),
      ),
    );
  } else {
    root.replaceChildren(...sections.map(sectionOf));
  }

  function viewOf(panel) {
    const view = panelView(panel, board);
    views.set(view.element, view);
    observer.observe(view.element);
    return view.element;
  }

  function close(element) {
    const view = views.get(element);
    observer.unobserve(element);
    views.delete(element);
    view?.destroy();
  }

  function sectionOf(section) {
    const place = h("div", { class: "board-grid" });
    const closed = () => section.collapsed !== turned().has(section.id);
    const fill = () => {
      for (const element of [...place.children]) {
        close(element);
      }
      const left = leftOver(section.panels);
      place.replaceChildren(...(closed() ? [] : section.panels.map((one) => placed(one, left.has(one)))));
    };
    fill();
    if (section.title === null) {
      return h("section", null, h("h2", { class: "visually-hidden" }, "At a glance"), place);
    }
    const count = section.panels.length;
    const note = h("span", { class: "quiet" });
    const button = h(
      "button",
      { type: "button", class: "board-row", onclick: turn },
      icon("down"),
      board.words(section.title),
      note,
    );
    const say = () => {
      button.setAttribute("aria-expanded", String(!closed()));
      note.textContent = closed() ? `${count} panel${count === 1 ? "" : "s"}` : "";
    };
    function turn() {
      onTurn(section.id);
      fill();
      say();
    }
    say();
    return h("section", { class: "board-section" }, h("h2", null, button), place);
  }

  function placed({ panel, x, y, w, h: height }, isLeftOver) {
    const element = viewOf(panel);
    element.classList.toggle("is-left-over", isLeftOver);
    const style = { "--x": x + 1, "--y": y + 1, "--w": w, "--h": height };
    for (const [name, value] of Object.entries(style)) {
      element.style.setProperty(name, value);
    }
    return element;
  }

  return {
    refresh: (reason) => views.forEach((view) => view.refresh(reason)),
    redraw: () => views.forEach((view) => view.redraw()),
    destroy() {
      observer.disconnect();
      views.forEach((view) => view.destroy());
      views.clear();
    },
  };
}

/**
 * On a phone two figures stand side by side: of each odd run of them the one that has no neighbour. Pure.
 *
 * @param {{panel: Object}[]} panels in their order
 * @returns {Set<{panel: Object}>}
 */
export function leftOver(panels) {
  const found = new Set();
  let run = 0;
  panels.forEach((one, i) => {
    run = isFigure(one) ? run + 1 : 0;
    if (run % 2 === 1 && !isFigure(panels[i + 1])) found.add(one);
  });
  return found;
}

const isFigure = (one) => ["stat", "gauge"].includes(one?.panel.type);

function nothing(id) {
  return h("p", { class: "quiet" }, `This dashboard has no panel ${id}.`);
}
