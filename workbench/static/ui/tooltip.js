/** A tip: a sentence about a control, on hover and on focus. What is not needed to use the control, only to know it. */

import { h, uniqueId } from "./dom.js";
import { follow } from "./floating.js";

const DELAY_MS = 350;

/**
 * @param {HTMLElement} anchor focusable, so that the tip can be read without a mouse
 * @param {string|Node|function(): (string|Node)} content asked when it is shown
 * @returns {function(): void} takes the tip off
 */
export function tooltip(anchor, content) {
  const id = uniqueId("tip");
  const controller = new AbortController();
  const { signal } = controller;
  let tip = null;
  let unfollow = null;
  let timer = null;

  const show = () => {
    if (tip || !anchor.isConnected) {
      return;
    }
    tip = h(
      "div",
      { class: "tooltip floating", role: "tooltip", id },
      typeof content === "function" ? content() : content,
    );
    (anchor.closest("dialog[open]") ?? document.body).append(tip);
    unfollow = follow(tip, anchor);
    anchor.setAttribute("aria-describedby", id);
  };
  const hide = () => {
    clearTimeout(timer);
    unfollow?.();
    tip?.remove();
    tip = null;
    anchor.removeAttribute("aria-describedby");
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(show, DELAY_MS);
  };

  anchor.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && soon(), { signal });
  anchor.addEventListener("pointerleave", hide, { signal });
  anchor.addEventListener("focus", () => anchor.matches(":focus-visible") && show(), { signal });
  anchor.addEventListener("blur", hide, { signal });
  anchor.addEventListener("click", hide, { signal });
  anchor.addEventListener("keydown", (event) => event.key === "Escape" && hide(), { signal });
  return () => {
    controller.abort();
    hide();
  };
}
