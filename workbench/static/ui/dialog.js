/** A modal dialog, on the browser's own <dialog>: it keeps the focus inside and gives it back. */

import { h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { onLeave } from "./leaving.js";

/**
 * Opens a dialog.
 *
 * @param {{title: string, content: Node|Node[], actions?: Node[], wide?: boolean, onClose?: function(): void}} options
 * @returns {{close: function(): void, element: HTMLDialogElement}}
 */
export function dialog({ title, content, actions = [], wide = false, onClose }) {
  const id = uniqueId("dialog");
  const close = () => element.close();
  const controller = new AbortController();
  const element = h(
    "dialog",
    { class: wide ? "dialog dialog-wide" : "dialog", "aria-labelledby": id },
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id }, title),
      h(
        "button",
        { type: "button", class: "button button-quiet button-icon", "aria-label": "Close", onclick: close },
        icon("close"),
      ),
    ),
    h("div", { class: "dialog-content" }, content),
    actions.length > 0 ? h("div", { class: "dialog-actions" }, actions) : null,
  );
  element.addEventListener("click", (event) => event.target === element && close());
  element.addEventListener("close", () => {
    controller.abort();
    element.remove();
    onClose?.();
  });
  onLeave(close, { signal: controller.signal });
  document.body.append(element);
  element.showModal();
  return { close, element };
}
