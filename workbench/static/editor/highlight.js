/** A query's text in colours: the layer under the field in which it is written. */
import { h, replace } from "../ui/dom.js";

/** Past this a text is shown without colours: it stays quick to type in. */
const MOST_CHARACTERS = 20_000;

/**
 * @param {HTMLElement} layer
 * @param {string} text
 * @param {import("./scanner.js").Token[]} tokens
 * @param {{from: number, to: number}|null} wrong - the stretch to underline
 */
export function paint(layer, text, tokens, wrong) {
  const pieces = text.length > MOST_CHARACTERS ? [text] : coloured(text, tokens, wrong);
  // A last line that is empty has no height of its own.
  replace(layer, ...pieces, "\u200b");
}

function coloured(text, tokens, wrong) {
  const pieces = [];
  let at = 0;
  for (const token of tokens) {
    if (token.from > at) pieces.push(...between(text, at, token.from, wrong));
    const bad = wrong && token.from < wrong.to && wrong.from < token.to;
    pieces.push(h("span", { class: `token-${token.kind}${bad ? " token-wrong" : ""}` }, token.text));
    at = token.to;
  }
  pieces.push(...between(text, at, text.length, wrong));
  return pieces;
}

/** White space, with a mark where something is missing. */
function between(text, from, to, wrong) {
  const gap = text.slice(from, to);
  if (
    !wrong || wrong.from !== wrong.to || wrong.from < from || wrong.from > to || (wrong.from === to && to < text.length)
  ) {
    return [gap];
  }
  const missing = h("span", { class: "token-wrong token-missing" }, " ");
  return [text.slice(from, wrong.from), missing, text.slice(wrong.from, to)];
}

/**
 * Where on the screen a place in the text is.
 *
 * @param {HTMLElement} layer
 * @param {number} offset
 * @returns {DOMRect}
 */
export function placeOf(layer, offset) {
  const walker = document.createTreeWalker(layer, NodeFilter.SHOW_TEXT);
  let left = offset;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.classList.contains("token-missing")) continue;
    if (left <= node.length) {
      const range = document.createRange();
      range.setStart(node, left);
      range.setEnd(node, Math.min(left + 1, node.length));
      // At a line's end there is nothing to measure: then the place behind the last character.
      const [first] = range.getClientRects();
      return first ?? range.getBoundingClientRect();
    }
    left -= node.length;
  }
  return layer.getBoundingClientRect();
}
