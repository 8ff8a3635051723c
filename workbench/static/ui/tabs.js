/** Tabs: one of several views in one place. ARIA's tabs pattern, the arrow keys choose at once. */

import { h, replace, uniqueId } from "./dom.js";

/**
 * @param {HTMLElement} root
 * @param {{label: string, selected?: string, onSelect?: function(string): void,
 *   tabs: Array<{id: string, title: string|Node, render: function(HTMLElement): (void|function)}>}} options render
 *   fills the panel when its tab is chosen, and may return what ends it
 * @returns {{select: function(string): void, selected: function(): string, panel: HTMLElement, destroy: function()}}
 */
export function tabs(root, { label, tabs: list, selected = list[0]?.id, onSelect }) {
  const prefix = uniqueId("tabs");
  let current = null;
  let end = null;
  const panel = h("div", { class: "tab-panel", role: "tabpanel", id: `${prefix}-panel`, tabindex: "0" });
  const buttons = list.map(({ id, title }) =>
    h(
      "button",
      {
        type: "button",
        class: "tab",
        role: "tab",
        id: `${prefix}-${id}`,
        "aria-controls": panel.id,
        "data-tab": id,
        onclick: () => choose(id),
      },
      title,
    )
  );
  const strip = h("div", { class: "tab-list", role: "tablist", "aria-label": label, onkeydown: moved }, buttons);
  replace(root, strip, panel);

  function show(id) {
    end?.();
    current = id;
    buttons.forEach((button, index) => {
      const chosen = list[index].id === id;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", `${prefix}-${id}`);
    panel.replaceChildren();
    end = list.find((tab) => tab.id === id)?.render(panel) ?? null;
  }

  function choose(id) {
    if (id !== current) {
      show(id);
      onSelect?.(id);
    }
  }

  function moved(event) {
    const at = buttons.indexOf(document.activeElement);
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 };
    if (event.key in steps) {
      event.preventDefault();
      const index = (steps[event.key] + buttons.length) % buttons.length;
      buttons[index].focus();
      choose(list[index].id);
    }
  }

  show(list.some((tab) => tab.id === selected) ? selected : list[0].id);
  return {
    select: (id) => id !== current && show(id),
    selected: () => current,
    panel,
    destroy: () => end?.(),
  };
}
