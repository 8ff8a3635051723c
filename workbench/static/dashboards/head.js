/** The head of a dashboard: its title, what it is about, the ways to its neighbours. */

import { dashboardsAddress } from "../addresses.js";
import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menuButton } from "../ui/menu.js";

/**
 * @param {import("./board.js").Board} board
 * @returns {{element: HTMLElement, update: function(): void}} update: the range or a variable, which links keep,
 *   changed
 */
export function boardHead(board) {
  const { title, description = "", links = [] } = board.document;
  const ways = h("nav", { class: "board-links", "aria-label": "Neighbouring dashboards" });
  const update = () => ways.replaceChildren(...links.map((link) => wayOf(link, board)).filter(Boolean));
  update();
  const element = h(
    "header",
    { class: "board-head" },
    h(
      "div",
      null,
      h("p", { class: "board-path" }, h("a", { href: dashboardsAddress() }, "Dashboards")),
      h("h1", null, title),
    ),
    ways,
    description ? h("p", { class: "board-description quiet" }, description) : null,
  );
  return { element, update };
}

function wayOf(link, board) {
  if (link.type === "dashboards") {
    const others = () => dashboardsWith(link.tags ?? [], board);
    return menuButton({ class: "button button-quiet" }, [link.title || "Dashboards", icon("down")], others, {
      label: link.title,
      align: "end",
    });
  }
  const href = board.addressOf(link);
  return href
    ? h("a", { class: "button button-quiet", href, title: link.tooltip || null }, shortened(link.title, board))
    : null;
}

/** "Chain: frontend" beside "Chain: overview" is "frontend": what all have in common need not be said each time. */
function shortened(title, board) {
  const [family, rest] = title.split(": ");
  return rest && board.document.title.startsWith(`${family}: `) ? rest[0].toUpperCase() + rest.slice(1) : title;
}

function dashboardsWith(tags, board) {
  return (board.lab.dashboards ?? [])
    .filter((other) => tags.every((tag) => other.tags?.includes(tag)))
    .map(({ uid, title }) => ({ text: title, href: board.addressOfDashboard(uid), checked: uid === board.uid }));
}
