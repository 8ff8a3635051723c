/**
 * The little Markdown of descriptions and text panels, as nodes: paragraphs, headings, lists, code, emphasis, links.
 * Anything else stays the text that it is; markup in it too.
 */

import { h, safeAddress } from "../ui/dom.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|__([^_]+)__|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

/**
 * @param {string} text
 * @returns {Array<HTMLElement>}
 */
export function markdown(text) {
  return blocksOf(text).map(({ kind, lines, level }) => {
    switch (kind) {
      case "heading":
        return h(`h${Math.min(level + 2, 6)}`, null, inline(lines[0]));
      case "code":
        return h("pre", null, h("code", null, lines.join("\n")));
      case "list":
      case "numbers":
        return h(kind === "list" ? "ul" : "ol", null, lines.map((line) => h("li", null, inline(line))));
      default:
        return h("p", null, inline(lines.join(" ")));
    }
  });
}

/**
 * The blocks of a text. Pure.
 *
 * @returns {Array<{kind: "paragraph"|"heading"|"list"|"numbers"|"code", lines: string[], level?: number}>}
 */
export function blocksOf(text) {
  const blocks = [];
  let open = null;
  const into = (kind, line) => {
    if (open?.kind !== kind) {
      open = { kind, lines: [] };
      blocks.push(open);
    }
    open.lines.push(line);
  };
  let code = null;
  for (const line of text.split("\n")) {
    const heading = /^(#{1,6})\s+(.*)/.exec(line);
    const item = /^\s*(?:[-*]|(\d+)[.)])\s+(.*)/.exec(line);
    if (/^```/.test(line)) {
      if (code === null) {
        code = { kind: "code", lines: [] };
        blocks.push(code);
      } else {
        code = null;
      }
      open = null;
    } else if (code) {
      code.lines.push(line);
    } else if (heading) {
      blocks.push({ kind: "heading", lines: [heading[2]], level: heading[1].length });
      open = null;
    } else if (item) {
      into(item[1] ? "numbers" : "list", item[2]);
    } else if (line.trim() === "") {
      open = null;
    } else {
      into("paragraph", line.trim());
    }
  }
  return blocks;
}

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, strong, underlined, emphasis, label, address] = found;
    nodes.push(text.slice(end, found.index));
    end = found.index + whole.length;
    if (code) {
      nodes.push(h("code", null, code));
    } else if (strong ?? underlined) {
      nodes.push(h("strong", null, strong ?? underlined));
    } else if (emphasis) {
      nodes.push(h("em", null, emphasis));
    } else {
      const outside = /^https?:/i.test(address);
      const safe = safeAddress(address) !== null;
      nodes.push(safe ? h("a", { href: address, rel: "noreferrer", target: outside ? "_blank" : null }, label) : label);
    }
  }
  nodes.push(text.slice(end));
  return nodes;
}
