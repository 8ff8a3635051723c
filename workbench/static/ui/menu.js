/** A menu: a short list of things to do, beside what they are done to. ARIA's menu pattern. */

import { h } from "./dom.js";
import { follow } from "./floating.js";
import { onLeave } from "./leaving.js";

let closeOpen = null;

/**
 * Opens a menu; one is open at a time.
 *
 * @param {Element|{x: number, y: number}} anchor an element, or a point of the window in pixels
 * @param {Array<{text: string, hint?: string, href?: string, external?: boolean, onSelect?: function(): void,
 *   disabled?: boolean, checked?: boolean, icon?: Node}|{heading: string}|null>} items links or actions; headings; null
 *   items are skipped
 * @param {{label?: string, align?: "start"|"end", onClose?: function(): void}} options
 * @returns {{close: function(): void}}
 */
export function menu(anchor, items, { label = "Menu", align, onClose } = {}) {
  closeOpen?.();
  const before = document.activeElement;
  const rows = items.filter(Boolean).map((item) => row(item, () => close()));
  const list = h("div", { class: "menu floating", role: "menu", "aria-label": label, tabindex: "-1" }, rows);
  // Inside an open dialog, because everything outside of it is inert.
  (anchor instanceof Element ? (anchor.closest("dialog[open]") ?? document.body) : document.body).append(list);
  const unfollow = follow(list, anchor, { align });
  const controller = new AbortController();
  const { signal } = controller;

  function close({ focus = true } = {}) {
    if (signal.aborted) {
      return;
    }
    controller.abort();
    closeOpen = null;
    unfollow();
    const held = list.contains(document.activeElement);
    list.remove();
    if (anchor instanceof Element) {
      anchor.setAttribute("aria-expanded", "false");
    }
    if (focus && held && before instanceof HTMLElement) {
      before.focus({ preventScroll: true });
    }
    onClose?.();
  }

  if (anchor instanceof Element) {
    anchor.setAttribute("aria-expanded", "true");
  }
  closeOpen = close;
  const choices = () => [...list.querySelectorAll("[role^='menuitem']:not([aria-disabled='true'])")];
  list.addEventListener("keydown", (event) => moved(event, choices(), close));
  // Not in this event: the click that opened the menu is still on its way.
  setTimeout(() => {
    document.addEventListener("pointerdown", (event) => !list.contains(event.target) && close({ focus: false }), {
      signal,
    });
    onLeave(() => close({ focus: false }), { signal });
    addEventListener("blur", () => close(), { signal });
  });
  (choices()[0] ?? list).focus({ preventScroll: true });
  return { close };
}

/** A button that opens a menu; `items` is asked each time. */
export function menuButton(attributes, children, items, options = {}) {
  let open = null;
  const toggle = (event) => {
    event.preventDefault();
    if (open) {
      open.close();
      return;
    }
    open = menu(button, items(), { ...options, onClose: () => setTimeout(() => (open = null)) });
  };
  const button = h(
    "button",
    {
      type: "button",
      class: "button",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      onclick: toggle,
      onkeydown: (event) => ["ArrowDown", "ArrowUp"].includes(event.key) && !open && toggle(event),
      ...attributes,
    },
    children,
  );
  return button;
}

function row(item, close) {
  if (item.heading) {
    return h("div", { class: "menu-heading", role: "presentation" }, item.heading);
  }
  const act = (event) => {
    if (item.disabled) {
      event.preventDefault();
      return;
    }
    close();
    item.onSelect?.();
  };
  const checkable = item.checked !== undefined;
  const attributes = {
    class: "menu-item",
    role: checkable ? "menuitemradio" : "menuitem",
    "aria-checked": checkable ? item.checked : null,
    "aria-disabled": item.disabled ? "true" : null,
    tabindex: "-1",
    onclick: act,
  };
  const content = [
    item.icon ?? null,
    h("span", { class: "menu-text" }, item.text, item.hint ? h("span", { class: "menu-hint" }, item.hint) : null),
  ];
  if (item.href && !item.disabled) {
    const outside = item.external ? { target: "_blank", rel: "noopener noreferrer" } : {};
    return h("a", { ...attributes, href: item.href, ...outside }, content);
  }
  return h("button", { ...attributes, type: "button" }, content);
}

function moved(event, choices, close) {
  const at = choices.indexOf(document.activeElement);
  const count = choices.length;
  if (event.key === "Escape" || event.key === "Tab") {
    if (event.key === "Escape") {
      event.preventDefault();
    }
    // A dialog around the menu stays open.
    event.stopPropagation();
    close();
  } else if (event.key === " ") {
    event.preventDefault();
    document.activeElement.click();
  } else if (count > 0) {
    const target = next(event, at, count, choices);
    if (target !== undefined) {
      event.preventDefault();
      choices[target].focus();
    }
  }
}

function next(event, at, count, choices) {
  switch (event.key) {
    case "ArrowDown":
      return (at + 1) % count;
    case "ArrowUp":
      return (at - 1 + count) % count;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return byLetter(event, at, choices);
  }
}

/** The next choice that begins with the letter. */
function byLetter(event, at, choices) {
  if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) {
    return undefined;
  }
  const letter = event.key.toLowerCase();
  const order = choices.map((_, index) => (at + 1 + index) % choices.length);
  return order.find((index) => choices[index].textContent.trim().toLowerCase().startsWith(letter));
}
