/** The head of a panel: title, what it tells, and the menu of what can be done with it. */

import { exploreAddress } from "../addresses.js";
import { toGrafanaDashboard } from "../grafana_addresses.js";
import { copy } from "../ui/clipboard.js";
import { dialog } from "../ui/dialog.js";
import { h, uniqueId } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menu } from "../ui/menu.js";
import { saveFile } from "../ui/save_file.js";
import { tooltip } from "../ui/tooltip.js";
import { csvOf } from "./csv.js";
import { addressHere } from "./data_links.js";
import { markdown } from "../ui/markdown.js";

const LANGUAGES = { prometheus: "PromQL", loki: "LogQL", tempo: "TraceQL" };

/**
 * @param {Object} panel of the JSON
 * @param {import("./board.js").Board} board
 * @param {function(): {frames: Array, answers: Array}|null} dataOf what the panel shows now
 * @returns {{element: HTMLElement, titleId: string, update: function(): void, destroy: function(): void}}
 */
export function panelHead(panel, board, dataOf) {
  const titleId = uniqueId("panel");
  const description = () => h("div", { class: "panel-description" }, markdown(panel.description));
  // A finger cannot hover.
  const tell = () => dialog({ title: board.words(panel.title), content: description() });
  const title = h("h3", { id: titleId });
  const info = panel.description ? h("button", { type: "button", class: "panel-info", onclick: tell }, "i") : null;
  const endInfo = info ? tooltip(info, description) : null;
  const more = h(
    "button",
    {
      type: "button",
      class: "panel-menu",
      "aria-haspopup": "menu",
      onclick: () => menu(more, itemsOf(panel, board, dataOf)),
    },
    icon("more"),
  );
  const update = () => {
    const words = board.words(panel.title ?? "");
    title.textContent = words;
    info?.setAttribute("aria-label", `What ${words} tells`);
    more.setAttribute("aria-label", `Menu of ${words}`);
  };
  update();
  return {
    element: h("header", { class: "panel-head" }, title, info, more),
    titleId,
    update,
    destroy: () => endInfo?.(),
  };
}

function itemsOf(panel, board, dataOf) {
  const data = dataOf();
  const questions = data?.answers.map(({ question }) => question) ?? [];
  const single = board.single === panel.id;
  const grafana = board.lab.grafanaUrl;
  return [
    ...exploreItems(questions, board),
    ...(panel.links ?? []).flatMap(({ title, url }) => {
      const link = addressHere(board.words(url));
      return link ? [{ text: board.words(title), href: link.href }] : [];
    }),
    single
      ? { text: "Back to the dashboard", onSelect: () => board.viewAlone(null) }
      : { text: "View alone", onSelect: () => board.viewAlone(panel.id) },
    questions.length > 0 ? { text: "Show the queries", onSelect: () => showQueries(panel, questions, board) } : null,
    data?.frames.length > 0 ? { text: "Download as CSV", onSelect: () => download(panel, data.frames, board) } : null,
    grafana
      ? {
        text: "Open in Grafana",
        href: `${toGrafanaDashboard(grafana, board.uid, board.viewInAddress())}&viewPanel=${panel.id}`,
        external: true,
      }
      : null,
  ].filter(Boolean);
}

/** One question: one entry; several: one each. A service map is no query that anybody writes. */
function exploreItems(questions, board) {
  const written = questions.filter(({ part }) => !part);
  return written.slice(0, 6).map(({ source, text, ref_id: letter, kind, form }) => ({
    text: written.length === 1 ? "Explore this query" : `Explore query ${letter}`,
    href: exploreAddress([{ source, query: text, view: viewOf(source, kind, form) }], board.rangeInAddress()),
  }));
}

function viewOf(source, kind, form) {
  return source === "prometheus" && (kind === "instant" || form === "table") ? "table" : undefined;
}

function showQueries(panel, questions, board) {
  dialog({
    title: `Queries of ${board.words(panel.title)}`,
    content: questions.map(({ ref_id: letter, source, text }) =>
      h(
        "div",
        { class: "panel-query" },
        h("p", { class: "quiet" }, `${letter} · ${LANGUAGES[source] ?? source}`),
        h("pre", null, h("code", null, text)),
        h("button", { type: "button", class: "button", onclick: () => copy(text, "The query") }, "Copy"),
      )
    ),
  });
}

function download(panel, frames, board) {
  const name = board.words(panel.title).replace(/[^\w-]+/g, "-").toLowerCase();
  saveFile(`${name || "panel"}.csv`, csvOf(frames), "text/csv");
}
