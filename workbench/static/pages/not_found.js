/** The page of an address that is none. */

import { PAGES } from "../addresses.js";
import { h } from "../ui/dom.js";

export const usesTime = false;
export const defaultRefresh = 0;

export function mount(root, { setTitle, url }) {
  setTitle("No such page");
  root.append(
    h("h1", {}, "There is no such page"),
    h("p", {}, "Nothing is at ", h("code", {}, url.path), ". These pages are there:"),
    h("ul", { class: "page-list" }, PAGES.map(({ title, path }) => h("li", {}, h("a", { href: path }, title)))),
  );
  return { unmount() {} };
}
