/** The frame of every page. The server sends it, so that it is painted at once; what is missing is made here. */

import { PAGES } from "../addresses.js";
import { h } from "../ui/dom.js";

/** @returns {{header: HTMLElement, nav: HTMLElement, tools: HTMLElement, page: HTMLElement}} */
export function skeleton() {
  const page = found("page") ?? h("main", { id: "page", tabindex: "-1" });
  const nav = found("pages") ?? h("nav", { id: "pages", "aria-label": "Pages" }, PAGES.map(link));
  const tools = found("tools") ?? h("div", { id: "tools" });
  const header = found("header") ?? h("header", { id: "header", class: "shell-header" }, wordmark());
  const announcements = found("announcements") ??
    h("div", { id: "announcements", class: "visually-hidden", "aria-live": "polite" });
  if (!nav.isConnected) {
    header.append(nav);
  }
  if (!tools.isConnected) {
    header.append(tools);
  }
  const missing = [header, page, announcements].filter((part) => !part.isConnected);
  document.body.append(...missing);
  return { header, nav, tools, page };
}

function found(id) {
  return document.getElementById(id);
}

function wordmark() {
  return h("a", { class: "wordmark", href: "/" }, "Glasshouse");
}

function link({ title, path }) {
  return h("a", { href: path }, title);
}
