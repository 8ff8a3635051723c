/** Copying text, with a word about it. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { toast } from "./toast.js";

/** Copies a text and says so; `what` for the sentence: "The address". */
export async function copy(text, what = "It") {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} is in the clipboard.`, { seconds: 2.5 });
  } catch {
    // Only pages on loopback or with TLS may.
    toast("The browser does not let this page write to the clipboard.", { kind: "bad" });
  }
}

/** A small button that copies a text. */
export function copyButton(text, { label = "Copy", what } = {}) {
  return h(
    "button",
    {
      type: "button",
      class: "button button-quiet button-icon",
      "aria-label": label,
      title: label,
      onclick: () => copy(typeof text === "function" ? text() : text, what),
    },
    icon("copy"),
  );
}
