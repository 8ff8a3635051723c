/**
 * The little Markdown of descriptions, text panels and exercises, as nodes: paragraphs, headings, lists, tables, code,
 * emphasis, links. Anything else stays the text that it is; markup in it too.
 */

import { h, safeAddress } from "./dom.js";

const INLINE = new RegExp(
  [
    "(`+)(?<code>.+?)\\1(?!`)",
    "\\*\\*(?<strong>.+?)\\*\\*(?!\\*)",
    "__(?<underlined>[^_]+)__",
    "\\*(?<emphasis>[^*\\s](?:[^*]*[^*\\s])?)\\*",
    "\\[(?<label>[^\\]]+)\\]\\((?<address>[^)\\s]+)\\)",
    "<(?<plain>https?://[^>\\s]+)>",
  ].join("|"),
  "gs",
);

const ITEM = /^(\s*)(?:[-*]|(\d+)[.)])\s+(.*)/;
const RULE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/**
 * @param {string} text
 * @param {{link?: function({address: string, label: Array}): Node|null}} options `link` makes the node of an address,
 *   or null for the usual one
 * @returns {Array<HTMLElement>}
 */
export function markdown(text, { link } = {}) {
  const inline = (line) => inlineOf(line, link);
  return blocksOf(text).map(({ kind, lines, level }) => {
    switch (kind) {
      case "heading":
        return h(`h${Math.min(level + 2, 6)}`, null, inline(lines[0]));
      case "code":
        return h("pre", null, h("code", null, lines.join("\n")));
      case "list":
      case "numbers":
        return h(kind === "list" ? "ul" : "ol", null, lines.map((line) => h("li", null, inline(line))));
      case "table":
        return tableOf(lines, inline);
      default:
        return h("p", null, inline(lines.join(" ")));
    }
  });
}

/**
 * The blocks of a text. Pure.
 *
 * @returns {Array<{kind: "paragraph"|"heading"|"list"|"numbers"|"code"|"table", lines: string[], level?: number}>} a
 *   list's lines are its items
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
  const all = text.split("\n");
  for (const [number, line] of all.entries()) {
    const heading = /^(#{1,6})\s+(.*)/.exec(line);
    const item = ITEM.exec(line);
    if (/^\s*```/.test(line)) {
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
      into(item[2] ? "numbers" : "list", item[3]);
    } else if (line.trim() === "") {
      open = null;
    } else if (open?.kind === "table" || (line.includes("|") && RULE.test(all[number + 1] ?? "") && !RULE.test(line))) {
      into("table", line);
    } else if (/^\s/.test(line) && (open?.kind === "list" || open?.kind === "numbers")) {
      // An item that goes on.
      open.lines.push(`${open.lines.pop()} ${line.trim()}`);
    } else {
      into("paragraph", line.trim());
    }
  }
  return blocks;
}

function tableOf([head, , ...rows], inline) {
  const cells = (line, tag) =>
    cellsOf(line).map((cell) => h(tag, tag === "th" ? { scope: "col" } : null, inline(cell)));
  return h(
    "div",
    { class: "markdown-table" },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, cells(head, "th"))),
      h("tbody", null, rows.map((row) => h("tr", null, cells(row, "td")))),
    ),
  );
}

/** The cells of a line; a bar in code, or behind a backslash, is none. */
function cellsOf(line) {
  const inside = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  const cells = [""];
  for (const [part] of inside.matchAll(/`[^`]*`|\\\||[^`|\\]+|[\s\S]/g)) {
    if (part === "|") cells.push("");
    else cells[cells.length - 1] += part === "\\|" ? "|" : part;
  }
  return cells.map((cell) => cell.trim());
}

function inlineOf(text, link) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const { code, strong, underlined, emphasis, label, address, plain } = found.groups;
    nodes.push(text.slice(end, found.index));
    end = found.index + found[0].length;
    if (code !== undefined) {
      nodes.push(h("code", null, code));
    } else if (strong ?? underlined) {
      nodes.push(h("strong", null, inlineOf(strong ?? underlined, link)));
    } else if (emphasis) {
      nodes.push(h("em", null, inlineOf(emphasis, link)));
    } else {
      nodes.push(linkOf(address ?? plain, label ? inlineOf(label) : [plain], link));
    }
  }
  nodes.push(text.slice(end));
  return nodes;
}

function linkOf(address, label, link) {
  const own = link?.({ address, label });
  if (own) {
    return own;
  }
  const outside = /^https?:/i.test(address);
  const safe = safeAddress(address) !== null;
  return safe ? h("a", { href: address, rel: "noreferrer", target: outside ? "_blank" : null }, label) : label;
}
