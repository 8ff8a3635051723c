/** The queries that were asked, to look through and to ask again. */
import { ago } from "../format/time.js";
import { LANGUAGES } from "../editor/languages.js";
import { paint } from "../editor/highlight.js";
import { dialog } from "../ui/dialog.js";
import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { SOURCES } from "./state.js";

/**
 * @param {import("./history.js").History} history
 * @param {{onChoose: (entry: import("./history.js").Entry) => void}} options
 */
export function historyDialog(history, { onChoose }) {
  const list = h("ul", { class: "history-list" });
  const only = h(
    "select",
    { class: "select", "aria-label": "Which language", onchange: draw },
    h("option", { value: "" }, "All languages"),
    Object.entries(SOURCES).map(([name, { title, language }]) =>
      h("option", { value: name }, `${title}, ${LANGUAGES[language].title}`)
    ),
  );
  const search = h("input", {
    class: "input",
    type: "search",
    placeholder: "Find in the queries",
    "aria-label": "Find in the queries",
    oninput: draw,
  });
  const starred = h("input", { type: "checkbox", onchange: draw });
  const clear = h(
    "button",
    { type: "button", class: "button", onclick: () => (history.clear(), draw()) },
    "Forget all without a star",
  );
  const opened = dialog({
    title: "History",
    wide: true,
    content: [
      h("div", { class: "history-tools" }, search, only, h("label", { class: "option" }, starred, "With a star")),
      list,
    ],
    actions: [clear],
  });
  draw();
  search.focus();

  function draw() {
    const wanted = search.value.trim().toLowerCase();
    const entries = history.entries.filter((entry) => {
      return (
        (!only.value || entry.source === only.value) &&
        (!starred.checked || entry.starred) &&
        entry.query.toLowerCase().includes(wanted)
      );
    });
    const none = history.entries.length
      ? "No query fits."
      : "Nothing asked yet. Every query that is run is kept here, in this browser only.";
    replace(list, entries.length ? entries.map(row) : h("li", { class: "quiet" }, none));
    clear.disabled = history.entries.length === 0;
  }

  function row(entry) {
    const layer = h("code", { class: "history-query" });
    const language = entry.view === "service map" ? "promql" : SOURCES[entry.source].language;
    paint(layer, entry.query, LANGUAGES[language].tokenize(entry.query), null);
    const choose = () => {
      opened.close();
      onChoose(entry);
    };
    const star = entry.starred ? "Take the star away" : "Keep with a star";
    return h(
      "li",
      { class: "history-entry" },
      h(
        "button",
        { type: "button", class: "history-choose", onclick: choose },
        layer,
        h("span", { class: "quiet small" }, `${SOURCES[entry.source].title}, ${ago(entry.at / 1000)}`),
      ),
      h("button", {
        type: "button",
        class: "button button-quiet button-icon",
        "aria-label": star,
        title: star,
        "aria-pressed": entry.starred,
        onclick: () => (history.star(entry, !entry.starred), draw()),
      }, entry.starred ? "★" : "☆"),
      h("button", {
        type: "button",
        class: "button button-quiet button-icon",
        "aria-label": "Forget this query",
        title: "Forget this query",
        onclick: () => (history.remove(entry), draw()),
      }, icon("close")),
    );
  }
}
