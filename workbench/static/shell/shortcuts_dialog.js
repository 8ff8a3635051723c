/** The sheet of all shortcuts, those of the page among them. */

import { dialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";

/** @param {import("./keyboard.js").Keyboard} keyboard */
export function openShortcutsDialog(keyboard) {
  const groups = Map.groupBy(keyboard.list(), ({ group }) => group);
  const content = [...groups].map(([group, shortcuts]) =>
    h(
      "section",
      {},
      h("h3", {}, group),
      h(
        "dl",
        { class: "shortcuts" },
        shortcuts.flatMap(({ keys, text }) => [
          h(
            "dt",
            {},
            keys.split(" ").map((key) => h("kbd", {}, key)),
          ),
          h("dd", {}, text),
        ]),
      ),
    )
  );
  dialog({ title: "Keyboard shortcuts", content: h("div", { class: "shortcuts-sheet" }, content), wide: true });
}
