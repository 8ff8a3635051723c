/** A question before something that cannot be taken back. */

import { h } from "../ui/dom.js";
import { dialog } from "../ui/dialog.js";

/** @param {{title: string, text: string, action: string, onYes: () => void}} options */
export function ask({ title, text, action, onYes }) {
  const yes = () => {
    opened.close();
    onYes();
  };
  const opened = dialog({
    title,
    content: h("p", {}, text),
    actions: [
      h("button", { type: "button", class: "button", onclick: () => opened.close() }, "Cancel"),
      h("button", { type: "button", class: "button button-primary", onclick: yes }, action),
    ],
  });
}
