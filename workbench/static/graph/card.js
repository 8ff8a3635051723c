/** A node of the graph as a card: who it is, how it is, its number, and the parts behind it. */

import { serviceCss } from "../colours.js";
import { svg } from "../ui/dom.js";
import { shortened, textWidth } from "./fitting.js";
import { setShape, statusShape, STATUS_WORDS } from "./status_shape.js";

const PAD = 14;
const PART_HEIGHT = 22;
/** Where the number stands, from the top. */
const NUMBER_ROW = 58;

/** What stands before the name: a service, people, a store of data, a queue, something outside. 16 × 16. */
const ICONS = {
  service: "M3 3h10v10h-10z",
  world: "M8 8.2a3.1 3.1 0 1 0 0-6.2a3.1 3.1 0 0 0 0 6.2ZM2.5 14.5c.4-3.2 2.6-4.8 5.5-4.8s5.1 1.6 5.5 4.8",
  database:
    "M3 4.2C3 2.9 5.2 2 8 2s5 .9 5 2.2S10.8 6.4 8 6.4S3 5.5 3 4.2ZM3 4.2v7.6C3 13.1 5.2 14 8 14s5-.9 5-2.2V4.2" +
    "M3 8c0 1.3 2.2 2.2 5 2.2S13 9.3 13 8",
  queue: "M2 5h12v6h-12zM6 5v6M10 5v6",
  outside: "M8 2a6 6 0 1 0 0 12a6 6 0 0 0 0-12ZM2 8h12M8 2c2 1.7 3 3.7 3 6s-1 4.3-3 6c-2-1.7-3-3.7-3-6s1-4.3 3-6",
};

/** The room a node's card takes: only what it is decides, not its numbers, so that these never move anything. */
export function cardSize(node, { compact }) {
  if (node.kind === "world") return { width: compact ? 112 : 136, height: compact ? 52 : 78 };
  if (compact) return { width: 186, height: 52 };
  const parts = node.parts?.length ?? 0;
  return { width: 222, height: 92 + (parts > 0 ? parts * PART_HEIGHT + 10 : 0) };
}

/** One card; `update` puts what has changed into the elements that are there. */
export class Card {
  #texts = new Map();
  #shape = statusShape();
  #bars = [];
  #compact;
  #size;
  #font;

  /** @param {{compact: boolean, font: string, onPress: (node, event) => void}} options `font`: its family */
  constructor(node, { compact, font, onPress }) {
    this.#compact = compact;
    this.#font = font;
    this.#size = cardSize(node, { compact });
    this.node = node;
    const { width, height } = this.#size;
    const isWorld = node.kind === "world";
    const icon = svg("path", { class: "card-icon", d: ICONS[node.kind] ?? ICONS.service });
    this.element = svg(
      "g",
      {
        class: compact ? "card compact" : "card",
        role: "button",
        tabindex: "0",
        onclick: (event) => onPress(this.node, event),
        onkeydown: (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          onPress(this.node, event);
        },
      },
      svg("title", {}),
      svg("rect", { class: "card-box", width, height, rx: isWorld ? height / 2 : 8 }),
      svg("rect", {
        class: "card-focus",
        x: -4,
        y: -4,
        width: width + 8,
        height: height + 8,
        rx: isWorld ? height / 2 + 4 : 11,
      }),
    );
    const row = compact ? 21 : 26;
    if (isWorld) {
      icon.setAttribute("transform", `translate(${width / 2 - 8} ${compact ? 5 : 9})`);
      this.element.append(icon);
      this.#text("title", "card-title", width / 2, compact ? 34 : 43, {
        middle: true,
        width: width - 24,
        size: 13,
        weight: 600,
      });
      this.#text("main", "card-small", width / 2, compact ? 46 : 60, { middle: true, width: width - 24, size: 12 });
    } else {
      icon.setAttribute("transform", `translate(${PAD} ${row - 13})`);
      this.element.append(icon, this.#shape);
      this.#text("title", "card-title", PAD + 23, row, { width: 0, size: compact ? 13 : 15, weight: 600 });
      if (!compact) {
        this.#text("status", "card-status", width - PAD - 18, row, { end: true, width: 76, size: 12 });
        this.#text("number", "card-number", PAD, NUMBER_ROW, { width: width - 2 * PAD, size: 20, weight: 600 });
        this.#text("unit", "card-small", PAD, NUMBER_ROW, { width: width - 2 * PAD, size: 12 });
      }
      this.#text("second", "card-small", PAD, compact ? 40 : 78, {
        width: width - 2 * PAD - (compact ? 20 : 0),
        size: 12,
      });
      if (!compact) this.#addParts(node.parts ?? []);
    }
    this.update(node);
  }

  /** @param node of the same kind and with the same parts as before */
  update(node) {
    this.node = node;
    const status = node.status ?? "unknown";
    const word = node.statusText ?? STATUS_WORDS[status];
    this.element.setAttribute("data-status", status);
    this.element.setAttribute("data-kind", node.kind ?? "service");
    this.element.classList.toggle("dimmed", Boolean(node.isDimmed));
    this.element.setAttribute("aria-pressed", String(Boolean(node.isSelected)));
    this.element.setAttribute(
      "aria-label",
      node.label ?? [node.title, word, node.mainStat, node.secondaryStat].filter(Boolean).join(", "),
    );
    this.element.firstChild.textContent = node.hint ?? node.title;
    this.element.style.setProperty("--service", node.colour ?? serviceCss(node.title));
    setShape(this.#shape, status);
    if (node.kind === "world") {
      this.#set("title", node.title);
      this.#set("main", node.mainStat ?? "");
      // Without a second line, icon and title stand in the middle.
      this.element.classList.toggle("is-single", !node.mainStat);
      return;
    }
    this.#set("status", word);
    this.#set("title", node.title, this.#placeStatus(node.title, word));
    const [number, unit] = split(node.mainStat ?? "");
    this.#set("number", number);
    this.#set("unit", unit);
    if (!this.#compact) {
      const offset = textWidth(number, `600 20px ${this.#font}`) + 6;
      this.#texts.get("unit").element.setAttribute("x", PAD + offset);
    }
    this.#set(
      "second",
      this.#compact ? [node.mainStat, node.secondaryStat].filter(Boolean).join(" · ") : (node.secondaryStat ?? ""),
    );
    (node.parts ?? []).forEach((part, i) => this.#updatePart(part, i));
  }

  /** Beside the title, or beside the number where the title needs the room. Returns the pixels that the title has. */
  #placeStatus(title, word) {
    const { width } = this.#size;
    const [row, next] = this.#compact ? [21, 40] : [26, NUMBER_ROW];
    const whole = width - 2 * PAD - 23;
    const beside = whole - 20 - (this.#compact ? 0 : textWidth(word, `12px ${this.#font}`) + 10);
    const isBeside = textWidth(title, this.#texts.get("title").font) <= beside;
    const y = isBeside ? row : next;
    this.#shape.setAttribute("transform", `translate(${width - PAD - 12} ${y - 11})`);
    this.#texts.get("status")?.element.setAttribute("y", y);
    // Alone, it may come nearer to the edge.
    return isBeside ? beside : whole + PAD / 2;
  }

  #addParts(parts) {
    const { width } = this.#size;
    if (parts.length === 0) return;
    this.element.append(svg("path", { class: "card-rule", d: `M${PAD} 92.5H${width - PAD}` }));
    parts.forEach((part, i) => {
      const y = 92 + 5 + i * PART_HEIGHT;
      this.#text(`part ${i}`, "card-small", PAD, y + 15, { width: 70, size: 12 });
      this.#text(`value ${i}`, "card-part-value", width - PAD, y + 15, {
        end: true,
        width: width - 2 * PAD - 76,
        size: 12,
      });
      const bar = svg(
        "g",
        { class: "card-bar", transform: `translate(${PAD} ${y + 19})` },
        svg("rect", { width: width - 2 * PAD, height: 2, rx: 1 }),
        svg("rect", { height: 2, rx: 1 }),
      );
      this.#bars.push(bar);
      this.element.append(bar);
    });
  }

  #updatePart(part, i) {
    if (this.#compact) return;
    this.#set(`part ${i}`, part.title);
    this.#set(`value ${i}`, part.text);
    const bar = this.#bars[i];
    const hasShare = Number.isFinite(part.share);
    bar.classList.toggle("is-empty", !hasShare);
    bar.dataset.status = part.status ?? "unknown";
    bar.lastChild.setAttribute(
      "width",
      hasShare ? (this.#size.width - 2 * PAD) * Math.min(1, Math.max(0, part.share)) : 0,
    );
    this.#texts.get(`value ${i}`).element.setAttribute("data-status", part.status ?? "unknown");
  }

  #text(name, className, x, y, { width, size, weight = 400, middle = false, end = false }) {
    const anchor = middle ? "middle" : end ? "end" : "start";
    const element = svg("text", { class: className, x, y, "text-anchor": anchor });
    this.#texts.set(name, { element, width, font: `${weight} ${size}px ${this.#font}`, shown: null });
    this.element.append(element);
  }

  #set(name, text, width) {
    const place = this.#texts.get(name);
    if (!place) return;
    const fitted = shortened(String(text), width ?? place.width, (part) => textWidth(part, place.font));
    if (fitted === place.shown) return;
    place.shown = fitted;
    place.element.textContent = fitted;
  }
}

/** "2.1 requests/s" as its number and the rest. */
function split(stat) {
  const space = stat.search(/[\s\u202f\u00a0]/);
  return space < 0 || !/^[\d.,<–-]/.test(stat) ? [stat, ""] : [stat.slice(0, space), stat.slice(space + 1)];
}
