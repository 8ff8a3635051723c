/** An edge of the graph: its curve, its head, what is written on it, and dots that travel along it when told to. */

import { svg } from "../ui/dom.js";
import { shortened, textWidth } from "./fitting.js";
import { STATUS_WORDS } from "./status_shape.js";

const HEAD = 9;
const DOT_MILLISECONDS = 900;
/** Between the first and the last of them to leave. */
const LEAVING_MILLISECONDS = 300;
const MOST_DOTS = 3;
/** Straight pieces that a dot travels along a curve. */
const PIECES = 16;

/** The room of what is written on an edge: one line of text on a line that goes down, else one on each side. */
export function labelSize({ compact, isDown }) {
  if (isDown) return { width: compact ? 84 : 168, height: 26 };
  return compact ? { width: 54, height: 36 } : { width: 98, height: 40 };
}

/** One edge; `place` puts it where the layout wants it, `update` writes its numbers. */
export class Arrow {
  #line = svg("path", { class: "arrow-line" });
  #target = svg("path", { class: "arrow-target" });
  #head = svg("path", { class: "arrow-head" });
  #main = svg("text", { class: "arrow-main", "text-anchor": "middle" });
  #second = svg("text", { class: "arrow-second", "text-anchor": "middle" });
  #dots = svg("g", { class: "arrow-dots", "aria-hidden": "true" });
  #options;
  #journey = null;

  /** @param {{compact: boolean, isDown: boolean, font: string, onPress: (edge, event) => void}} options */
  constructor(edge, options) {
    this.#options = options;
    this.edge = edge;
    this.element = svg(
      "g",
      {
        class: "arrow",
        role: "button",
        tabindex: "0",
        onclick: (event) => options.onPress(this.edge, event),
        onkeydown: (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          options.onPress(this.edge, event);
        },
      },
      svg("title", {}),
      this.#target,
      this.#line,
      this.#head,
      this.#dots,
      this.#main,
      this.#second,
    );
  }

  /** @param {{path: string, points: [number, number][], label: {x, y, width, height}|null}} route of the layout */
  place({ path, points, label }) {
    const [x, y] = points.at(-1);
    const [fromX, fromY] = lastOther(points);
    // Edges arrive along the direction of the graph, loops across it.
    const isAlongX = (this.edge.source === this.edge.target) === this.#options.isDown;
    const dx = isAlongX ? Math.sign(x - fromX) || 1 : 0;
    const dy = isAlongX ? 0 : Math.sign(y - fromY) || 1;
    const base = [x - dx * HEAD, y - dy * HEAD];
    this.#head.setAttribute(
      "d",
      `M${x} ${y}L${base[0] + dy * 4.5} ${base[1] + dx * 4.5}L${base[0] - dy * 4.5} ${base[1] - dx * 4.5}Z`,
    );
    this.#journey = null;
    this.#line.setAttribute("d", path);
    this.#target.setAttribute("d", path);
    this.#dots.replaceChildren();
    if (!label) return;
    const centreX = label.x + label.width / 2;
    const centreY = label.y + label.height / 2;
    for (const text of [this.#main, this.#second]) text.setAttribute("x", centreX);
    this.#main.setAttribute("y", this.#options.isDown ? centreY + 4 : centreY - 7);
    this.#second.setAttribute("y", centreY + 17);
  }

  update(edge) {
    this.edge = edge;
    const { compact, isDown, font } = this.#options;
    const status = edge.status ?? "unknown";
    this.element.setAttribute("data-status", status);
    this.element.classList.toggle("dimmed", Boolean(edge.isDimmed));
    this.element.classList.toggle("planned", Boolean(edge.isPlanned));
    this.element.setAttribute("aria-pressed", String(Boolean(edge.isSelected)));
    const label =
      edge.label ??
      [`${edge.source} calls ${edge.target}`, edge.mainStat, edge.secondaryStat, STATUS_WORDS[status]]
        .filter(Boolean)
        .join(", ");
    this.element.setAttribute("aria-label", label);
    this.element.firstChild.textContent = label;
    this.element.style.setProperty("--weight", `${1.25 + 2.25 * Math.min(1, Math.max(0, edge.weight ?? 0.2))}px`);
    const { width } = labelSize({ compact, isDown });
    const first = edge.mainStat ?? "";
    const second = edge.secondaryStat ?? "";
    write(
      this.#main,
      isDown && !compact ? [first, second].filter(Boolean).join(" · ") : first,
      width,
      `600 13px ${font}`,
    );
    write(this.#second, compact || isDown ? "" : second, width, `12px ${font}`);
  }

  /** Lets dots travel along the edge once: calls happened. Does nothing for who wants no motion. */
  pulse(share) {
    if (!(share > 0) || this.element.classList.contains("planned")) return;
    const count = Math.min(MOST_DOTS, 1 + Math.floor(share * MOST_DOTS));
    while (this.#dots.childNodes.length < count) this.#dots.append(svg("circle", { r: 3 }));
    this.#journey ??= journeyAlong(this.#line);
    [...this.#dots.childNodes].slice(0, count).forEach((dot, i) => {
      dot.animate(this.#journey, {
        duration: DOT_MILLISECONDS,
        delay: (i * LEAVING_MILLISECONDS) / MOST_DOTS,
        easing: "ease-in-out",
      });
    });
  }
}

/** Keyframes of places, which the compositor moves by itself; an offset-path would lay out the page in every frame. */
function journeyAlong(line) {
  const length = line.getTotalLength();
  return Array.from({ length: PIECES + 1 }, (_, i) => {
    const { x, y } = line.getPointAtLength((length * i) / PIECES);
    return { transform: `translate(${x}px, ${y}px)`, opacity: i < 1 || i === PIECES ? 0 : 1 };
  });
}

function write(element, text, width, font) {
  const fitted = shortened(text, width, (part) => textWidth(part, font));
  if (element.textContent !== fitted) element.textContent = fitted;
}

/** The last point that is another than the end: where the head comes from. */
function lastOther(points) {
  const [x, y] = points.at(-1);
  return points.findLast(([a, b]) => Math.abs(a - x) > 0.5 || Math.abs(b - y) > 0.5) ?? [x - 1, y];
}
