/** Texts of exercises: Markdown, with links that lead on without leaving the exercise. */

import { PAGES } from "../addresses.js";
import { h } from "../ui/dom.js";
import { markdown } from "../ui/markdown.js";

/**
 * The blocks of a text.
 *
 * @param {string} text
 * @param {{workbench: string, onExplore: () => void}} options `workbench` is how addresses of our own pages begin;
 *   `onExplore` goes to the panes, which are here already
 */
export function blocks(text, { workbench, onExplore }) {
  return markdown(text, { link: ({ address, label }) => linkOf(address, label, { workbench, onExplore }) });
}

/** A text of one paragraph, without the paragraph around it. */
export function inText(text) {
  return markdown(text).flatMap((block) => (block.localName === "p" ? [...block.childNodes] : [block]));
}

/** What the lab says of an error, which begins as on a terminal. */
export function sentence(error) {
  const text = String(error?.message ?? error);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function linkOf(address, label, { workbench, onExplore }) {
  const path = pathOf(address, workbench);
  if (path === null) {
    return null;
  }
  const said = label.length === 1 && label[0] === address ? titleOf(path) : label;
  if (path === "/explore") {
    const go = (event) => {
      event.preventDefault();
      onExplore();
    };
    return h("a", { href: path, onclick: go }, said);
  }
  // In a tab of its own: the exercise stays as it is.
  return h("a", { href: path, target: "_blank", title: "Opens in a new tab" }, said);
}

/** The path of an address of ours, or null. Pure. */
export function pathOf(address, workbench) {
  const path = address.startsWith(workbench) ? address.slice(workbench.length) || "/" : address;
  return /^\/(?!\/)/.test(path) ? path : null;
}

function titleOf(path) {
  const page = PAGES.find((one) => one.path === path);
  return page ? `the page ${page.title}` : path;
}
