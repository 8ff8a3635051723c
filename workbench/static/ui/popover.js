/** A small panel beside a control, with controls of its own. Not modal: a click elsewhere, Escape or Tab leaves it. */

import { h } from "./dom.js";
import { follow } from "./floating.js";
import { onLeave } from "./leaving.js";

const FOCUSABLE = "a[href], button:not([disabled]), input:not([disabled]), select, textarea, [tabindex='0']";

/**
 * Opens a panel beside `anchor` and gives it the focus.
 *
 * @param {HTMLElement} anchor the control that opens it
 * @param {Node|Node[]} content
 * @param {{label: string, align?: "start"|"end", focus?: string, onClose?: function(): void}} options focus: a
 *   selector of what in it gets the focus, by default its first control
 * @returns {{close: function(): void, element: HTMLElement}}
 */
export function popover(anchor, content, { label, align, focus, onClose }) {
  const element = h("div", { class: "popover floating", role: "dialog", "aria-label": label, tabindex: "-1" }, content);
  (anchor.closest("dialog[open]") ?? document.body).append(element);
  const unfollow = follow(element, anchor, { align });
  const controller = new AbortController();
  const { signal } = controller;
  anchor.setAttribute("aria-expanded", "true");

  function close({ back = true } = {}) {
    if (signal.aborted) {
      return;
    }
    controller.abort();
    unfollow();
    const held = element.contains(document.activeElement);
    element.remove();
    anchor.setAttribute("aria-expanded", "false");
    if (back && held) {
      anchor.focus({ preventScroll: true });
    }
    onClose?.();
  }

  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") {
      leaveAtTheEnds(event, element, close);
    }
  });
  document.addEventListener(
    "pointerdown",
    (event) => {
      const inside = element.contains(event.target) || event.target.closest?.(".floating");
      if (!inside && !anchor.contains(event.target)) {
        close({ back: false });
      }
    },
    { signal },
  );
  onLeave(() => close({ back: false }), { signal });
  const first = focus ? element.querySelector(focus) : null;
  (first ?? element.querySelector(FOCUSABLE) ?? element).focus({ preventScroll: true });
  return { close, element };
}

/** A button that opens a panel and closes it; `content` is asked each time and gets {close}. */
export function popoverButton(attributes, children, content, options) {
  let open = null;
  const close = () => open?.close();
  const button = h(
    "button",
    {
      type: "button",
      class: "button",
      "aria-haspopup": "dialog",
      "aria-expanded": "false",
      ...attributes,
      onclick: () => {
        if (open) {
          close();
          return;
        }
        open = popover(button, content({ close }), {
          ...options,
          onClose: () => {
            open = null;
            options.onClose?.();
          },
        });
      },
    },
    children,
  );
  return button;
}

/** The panel stands at the end of the document; Tab goes on as if it stood behind its control. */
function leaveAtTheEnds(event, element, close) {
  const controls = [...element.querySelectorAll(FOCUSABLE)].filter((control) => control.getClientRects().length > 0);
  const end = event.shiftKey ? controls[0] : controls.at(-1);
  if (controls.length === 0 || document.activeElement === end || document.activeElement === element) {
    // The browser moves on from the anchor, which has the focus again by then.
    if (event.shiftKey) {
      event.preventDefault();
    }
    close();
  }
}
