/** The trace as it is downloaded: OTLP JSON. */

import { copyButton } from "../ui/clipboard.js";
import { h } from "../ui/dom.js";
import { toOtlpJson } from "./otlp.js";

/** Characters shown: beyond, a browser lays out text for seconds. */
const SHOWN = 400_000;

export function jsonView(root, { answer }) {
  const text = JSON.stringify(toOtlpJson(answer), null, 2);
  const cut = text.length > SHOWN;
  root.append(
    h(
      "div",
      { class: "trace-tools" },
      copyButton(() => text, { label: "Copy all of it", what: "The trace" }),
      h(
        "span",
        { class: "quiet small" },
        `OTLP JSON, ${text.length.toLocaleString("en")} characters${
          cut ? `; the first ${SHOWN.toLocaleString("en")} are shown. The download has all` : ""
        }.`,
      ),
    ),
    h(
      "pre",
      { class: "trace-json", tabindex: "0", "aria-label": "The trace as OTLP JSON" },
      cut ? text.slice(0, SHOWN) : text,
    ),
  );
}
