/** Panels of type text: words by whoever made the dashboard. */

import { h, replace } from "../../ui/dom.js";
import { markdown } from "../../ui/markdown.js";

export function draw(root, panel, tools) {
  const { mode = "markdown", content = "" } = panel.options ?? {};
  const text = tools.words(content);
  const body = mode === "code" ? [h("pre", null, h("code", null, text))] : markdown(text);
  replace(root, h("div", { class: "panel-text" }, body));
  return { update() {}, destroy() {} };
}

export function isEmpty() {
  return false;
}
