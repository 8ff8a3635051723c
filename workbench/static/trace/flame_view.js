/**
 * The flame graph: operations on top of what called them, as wide as they took together. Spans of one operation under
 * the same caller are one block, so a loop of a hundred queries is seen as what it costs.
 */

import { serviceCss } from "../colours.js";
import { duration } from "../format/time.js";
import { h, replace } from "../ui/dom.js";
import { blocks, foldedTrace } from "./flame.js";
import { count } from "./head.js";

const ROW = 24;
/** Blocks narrower than this many pixels are not drawn: there may be thousands. */
const NARROWEST = 2;
/** And narrower than this they carry no text. */
const WORDS = 36;

/**
 * @param {HTMLElement} root
 * @param {{trace, onSelect: function(string): void}} options `onSelect` opens a span in the waterfall
 * @returns {{destroy: function(): void}}
 */
export function flameView(root, { trace, onSelect }) {
  const top = foldedTrace(trace);
  let shown = top;
  const way = h("p", { class: "flame-way" });
  const place = h("div", {
    class: "flame",
    role: "group",
    "aria-label": "Flame graph: each block an operation, as wide as it took",
  });
  root.append(
    h(
      "p",
      { class: "quiet small" },
      "As wide as an operation took in all, callers above what they called. A click makes a block the whole width.",
    ),
    way,
    place,
  );
  const resized = new ResizeObserver(draw);
  resized.observe(place);

  function draw() {
    const width = place.clientWidth;
    if (!width) return;
    const drawn = blocks(shown, NARROWEST / width);
    place.style.height = `${(drawn.reduce((most, block) => Math.max(most, block.level), 0) + 1) * ROW}px`;
    replace(
      way,
      shown === top ? null : [
        h("button", { type: "button", class: "button", onclick: () => choose(top) }, "The whole trace"),
        ` ${shown.service} ${shown.name}: ${facts(shown)} `,
        h("button", {
          type: "button",
          class: "link",
          onclick: () => onSelect(shown.longest.id),
        }, "open the longest in the waterfall"),
      ],
    );
    replace(
      place,
      drawn.map(({ node, left, width: share, level }) =>
        h("button", {
          type: "button",
          class: node.errors ? "flame-block failed" : "flame-block",
          title: `${node.service} ${node.name}\n${facts(node)}`,
          "aria-label": `${node.service} ${node.name}, ${facts(node)}`,
          onclick: () => choose(node),
          style: {
            left: `${left * 100}%`,
            width: `${share * 100}%`,
            top: `${level * ROW}px`,
            "--service": serviceCss(node.service),
          },
        }, share * width >= WORDS ? `${node.count > 1 ? `${node.count} × ` : ""}${node.name}` : "")
      ),
    );
  }

  function choose(node) {
    shown = node;
    draw();
  }

  const facts = (node) =>
    [
      duration(node.total / 1e6),
      `self ${duration(node.self / 1e6)}`,
      count(node.count, "span"),
      node.errors ? count(node.errors, "error") : null,
    ].filter(Boolean).join(", ");

  return {
    destroy() {
      resized.disconnect();
    },
  };
}
