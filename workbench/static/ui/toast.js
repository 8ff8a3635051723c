/**
 * A short message at the edge of the window that goes away by itself. For what just happened, not for what is wrong.
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";

const SECONDS = 6;

/**
 * @param {string} text
 * @param {{kind?: "plain"|"good"|"bad", action?: {text: string, href?: string, onSelect?: function(): void},
 *   seconds?: number}} options
 * @returns {function(): void} takes it away
 */
export function toast(text, { kind = "plain", action, seconds = SECONDS } = {}) {
  const close = () => {
    clearTimeout(timer);
    element.remove();
  };
  const act = () => {
    action.onSelect?.();
    close();
  };
  const element = h(
    "div",
    // Who reads it, or is about to use it, is not hurried.
    { class: `toast toast-${kind}`, onpointerenter: () => clearTimeout(timer), onpointerleave: () => wait() },
    h("span", {}, text),
    action?.href ? h("a", { href: action.href, onclick: act }, action.text) : null,
    action && !action.href
      ? h("button", { type: "button", class: "button button-quiet", onclick: act }, action.text)
      : null,
    h(
      "button",
      { type: "button", class: "button button-quiet button-icon", "aria-label": "Dismiss", onclick: close },
      icon("close"),
    ),
  );
  let timer = null;
  const wait = () => {
    timer = setTimeout(() => (element.contains(document.activeElement) ? wait() : close()), seconds * 1000);
  };
  place().append(element);
  wait();
  return close;
}

function place() {
  const found = document.getElementById("toasts");
  if (found) {
    return found;
  }
  const made = h("div", { id: "toasts", class: "toasts", role: "status", "aria-live": "polite" });
  document.body.append(made);
  return made;
}
