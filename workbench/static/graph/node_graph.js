/**
 * A directed graph of services: cards and arrows as SVG, laid out left to right, or downwards where it is narrow.
 *
 * It is updated in place: numbers change without anything moving; only when a node or an edge comes or goes is it laid
 * out anew, with what was there staying in its order.
 */

import { h, replace, svg } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { Arrow, labelSize } from "./arrow.js";
import { Card, cardSize } from "./card.js";
import { layout } from "./layout.js";
import { Viewport } from "./viewport.js";

/** Pixels of width below which the graph runs downwards. */
const NARROW = 680;
/** More nodes than this get small cards, and more than the second number are not drawn. */
const MANY = 14;
const MOST = 150;
const MARGIN = 8;

/**
 * @typedef {{id: string, title: string, subtitle?: string, kind?: "service"|"world"|"database"|"queue"|"outside",
 *     mainStat?: string, secondaryStat?: string, status?: "good"|"warning"|"bad"|"unknown", statusText?: string,
 *     colour?: string, label?: string, hint?: string, isSelected?: boolean, isDimmed?: boolean,
 *     parts?: {id: string, title: string, text: string, share?: number, status?: string}[]}} GraphNode
 *     `label` is what a screen reader says; `parts` are what stands behind the node
 * @typedef {{source: string, target: string, mainStat?: string, secondaryStat?: string, status?: string,
 *     weight?: number, label?: string, isPlanned?: boolean, isSelected?: boolean, isDimmed?: boolean}} GraphEdge
 *     `weight`: how much goes over it, as a share or as any number; `isPlanned`: known, but nothing goes over it now
 */

/**
 * @param {HTMLElement} root
 * @param {{nodes: GraphNode[], edges: GraphEdge[], onNode?: (node: GraphNode, event: Event) => void,
 *     onEdge?: (edge: GraphEdge, event: Event) => void, label: string, height?: number, fill?: boolean}} options
 *     `height`: the most it may take, in pixels; `fill`: it takes the height that its place has, whatever way it has to
 *     run to be as large as it can be
 * @returns {{update: (data: {nodes: GraphNode[], edges: GraphEdge[]}) => void, pulse: () => void, destroy: () => void}}
 */
export function nodeGraph(root, { nodes, edges, ...options }) {
  const defaults = { onNode: () => {}, onEdge: () => {}, height: 640, fill: false };
  return new NodeGraph(root, { ...defaults, ...options }).begin(nodes, edges);
}

class NodeGraph {
  #options;
  #element;
  #picture;
  #layer = svg("g", { class: "graph-layer" });
  #arrowLayer = svg("g", { class: "graph-arrows" });
  #cardLayer = svg("g", { class: "graph-cards" });
  #tools;
  #note = h("p", { class: "graph-note" });
  #viewport;
  #observer;
  #cards = new Map();
  #arrows = new Map();
  #routes = new Map();
  #places = new Map();
  #nodes = [];
  #edges = [];
  #shape = "";
  #width = 0;
  #height = 0;
  #isDown = false;

  constructor(root, options) {
    this.#options = options;
    this.#picture = svg("svg", { class: "graph-picture", role: "group", "aria-label": options.label }, this.#layer);
    // Cards come first for the keyboard; no arrow lies on one.
    this.#layer.append(this.#cardLayer, this.#arrowLayer);
    this.#viewport = new Viewport(this.#picture, this.#layer, () => this.#showTools());
    const button = (name, text, act) =>
      h(
        "button",
        { type: "button", class: "button button-icon button-quiet", "aria-label": text, title: text, onclick: act },
        icon(name),
      );
    this.#tools = h(
      "div",
      { class: "graph-tools", hidden: true },
      button("plus", "Larger", () => this.#viewport.in()),
      button("minus", "Smaller", () => this.#viewport.out()),
      h("button", { type: "button", class: "button button-quiet", onclick: () => this.#viewport.showAll() }, "All"),
    );
    const look = options.fill ? "graph graph-fills" : "graph";
    this.#element = h("div", { class: look }, this.#picture, this.#tools, this.#note);
    this.#picture.addEventListener("keydown", (event) => this.#key(event));
    this.#picture.addEventListener("focusin", (event) => this.#reveal(event.target));
    replace(root, this.#element);
    this.#observer = new ResizeObserver(() => this.#resized());
  }

  begin(nodes, edges) {
    this.#width = this.#element.clientWidth;
    this.#height = this.#element.clientHeight;
    this.update({ nodes, edges });
    this.#observer.observe(this.#element);
    return {
      update: (data) => this.update(data),
      pulse: () => this.#pulse(),
      destroy: () => {
        this.#observer.disconnect();
        this.#element.remove();
      },
    };
  }

  update({ nodes, edges }) {
    const kept = nodes.slice(0, MOST);
    const ids = new Set(kept.map((node) => node.id));
    this.#nodes = [...new Map(kept.map((node) => [node.id, node])).values()];
    // Weights may be shares or plain numbers: the heaviest of all is the widest.
    const most = Math.max(1, ...edges.map((edge) => edge.weight ?? 0));
    this.#edges = edges
      .filter((edge) => ids.has(edge.source) && ids.has(edge.target))
      .map((edge) => ({ ...edge, weight: (edge.weight ?? 0) / most }));
    this.#note.textContent =
      nodes.length > MOST ? `The first ${MOST} of ${nodes.length} are drawn; the table has all.` : "";
    this.#draw();
  }

  #draw() {
    if (this.#width === 0) return;
    const shape = JSON.stringify([
      Math.round(this.#width / 16),
      this.#options.fill ? Math.round(this.#height / 16) : 0,
      this.#nodes.map((node) => [node.id, node.kind, node.parts?.length ?? 0]),
      this.#edges.map((edge) => [edge.source, edge.target]),
    ]);
    if (shape !== this.#shape) {
      this.#show(this.#bestLayout());
      this.#shape = shape;
    }
    for (const node of this.#nodes) this.#cards.get(node.id).card.update(node);
    for (const edge of this.#edges) this.#arrows.get(keyOf(edge)).arrow.update(edge);
  }

  /** The graph laid out to the right or downwards, with large or small cards: as it can be seen best. */
  #bestLayout() {
    const isMany = this.#nodes.length > MANY;
    if (!this.#options.fill) return this.#layOut(isMany, this.#width < NARROW && !isMany);
    const ways = [
      [isMany, false],
      [isMany, true],
      [true, false],
      [true, true],
    ].map(([compact, isDown]) => this.#layOut(compact, isDown));
    const sizes = ways.map(({ width, height, compact }) => {
      const scale = Math.min(1, this.#width / (width + 2 * MARGIN), this.#height / (height + 2 * MARGIN));
      // What small cards leave out is worth something, too.
      return compact ? scale * 0.8 : scale;
    });
    return ways[sizes.indexOf(Math.max(...sizes))];
  }

  #layOut(compact, isDown) {
    const placed = layout(
      this.#nodes.map((node) => ({ id: node.id, ...cardSize(node, { compact }) })),
      this.#edges.map(({ source, target }) => ({ source, target, label: labelSize({ compact, isDown }) })),
      {
        direction: isDown ? "down" : "right",
        available: isDown ? 0 : this.#width - 2 * MARGIN,
        columnGap: compact ? 16 : 26,
        before: this.#places,
      },
    );
    return { ...placed, compact, isDown };
  }

  #show({ width, height, boxes, edges, compact, isDown }) {
    this.#isDown = isDown;
    const font = getComputedStyle(this.#element).fontFamily;
    const options = { compact, isDown, font };
    this.#places = boxes;
    this.#routes = new Map(edges.map((edge) => [keyOf(edge), edge]));
    const isFirst = this.#cards.size === 0;

    keep(this.#cards, new Set(boxes.keys()), (entry) => entry.card.element.remove());
    for (const node of this.#nodes) {
      const look = JSON.stringify([compact, node.kind, node.parts?.length ?? 0]);
      let entry = this.#cards.get(node.id);
      if (entry && entry.look !== look) {
        entry.card.element.remove();
        entry = null;
      }
      if (!entry) {
        entry = { look, card: new Card(node, { compact, font, onPress: this.#options.onNode }) };
        entry.card.element.classList.toggle("is-new", !isFirst);
        this.#cards.set(node.id, entry);
      }
      const { x, y } = boxes.get(node.id);
      entry.card.element.style.transform = `translate(${x}px, ${y}px)`;
    }
    // The order in the document is the order of the keyboard.
    const reading = [...this.#cards].sort(([a], [b]) => readingOrder(boxes.get(a), boxes.get(b), isDown));
    place(
      this.#cardLayer,
      reading.map(([, { card }]) => card.element),
    );

    keep(this.#arrows, new Set(this.#routes.keys()), (entry) => entry.arrow.element.remove());
    for (const edge of this.#edges) {
      const key = keyOf(edge);
      const look = JSON.stringify([compact, isDown]);
      let entry = this.#arrows.get(key);
      if (entry && entry.look !== look) {
        entry.arrow.element.remove();
        entry = null;
      }
      if (!entry) {
        entry = { look, arrow: new Arrow(edge, { ...options, onPress: this.#options.onEdge }) };
        this.#arrows.set(key, entry);
        this.#arrowLayer.append(entry.arrow.element);
      }
      entry.arrow.place(this.#routes.get(key));
    }
    const sources = new Map(reading.map(([id], i) => [id, i]));
    const along = [...this.#arrows.values()].sort(
      ({ arrow: { edge: a } }, { arrow: { edge: b } }) =>
        sources.get(a.source) - sources.get(b.source) || sources.get(a.target) - sources.get(b.target),
    );
    place(
      this.#arrowLayer,
      along.map(({ arrow }) => arrow.element),
    );
    // Downwards the page scrolls anyway.
    const most = isDown ? Infinity : this.#options.height;
    const seen = this.#options.fill ? this.#height : Math.max(96, Math.min(most, height + 2 * MARGIN));
    this.#picture.setAttribute("height", seen);
    this.#arrowLayer.setAttribute("transform", `translate(${MARGIN} ${MARGIN})`);
    this.#cardLayer.setAttribute("transform", `translate(${MARGIN} ${MARGIN})`);
    this.#viewport.resize(
      { width: this.#width, height: seen },
      { width: width + 2 * MARGIN, height: height + 2 * MARGIN },
      beginning(boxes, isDown),
    );
    this.#showTools();
  }

  #resized() {
    const { clientWidth, clientHeight } = this.#element;
    if (clientWidth === this.#width && (!this.#options.fill || clientHeight === this.#height)) return;
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#draw();
  }

  #showTools() {
    this.#tools.hidden = !this.#viewport.isHiding;
    this.#element.classList.toggle("can-move", this.#viewport.isNeeded);
  }

  #pulse() {
    if (document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches || this.#nodes.length > MANY) return;
    for (const edge of this.#edges) this.#arrows.get(keyOf(edge)).arrow.pulse(edge.weight ?? 0);
  }

  #reveal(element) {
    if (!this.#viewport.isNeeded) return;
    const id = [...this.#cards].find(([, { card }]) => card.element === element)?.[0];
    const box = this.#places.get(id);
    if (box) this.#viewport.reveal({ ...box, x: box.x + MARGIN, y: box.y + MARGIN });
  }

  /** Arrow keys go from a card along its edges; + − 0 change the size. */
  #key(event) {
    if (this.#viewport.isNeeded) this.#viewport.key(event);
    const [forwards, backwards] = this.#isDown ? ["ArrowDown", "ArrowUp"] : ["ArrowRight", "ArrowLeft"];
    if (event.key !== forwards && event.key !== backwards) return;
    const id = [...this.#cards].find(([, { card }]) => card.element === document.activeElement)?.[0];
    const edge = id && this.#edges.find((edge) => (event.key === forwards ? edge.source : edge.target) === id);
    if (!edge) return;
    event.preventDefault();
    this.#cards.get(event.key === forwards ? edge.target : edge.source).card.element.focus();
  }
}

function keyOf({ source, target }) {
  return JSON.stringify([source, target]);
}

function keep(map, keys, drop) {
  for (const [key, entry] of map) {
    if (keys.has(key)) continue;
    drop(entry);
    map.delete(key);
  }
}

/** Puts elements in order without taking out those that stand right: what has the focus keeps it. */
function place(parent, elements) {
  let next = parent.firstChild;
  for (const element of elements) {
    if (element === next) next = next.nextSibling;
    else parent.insertBefore(element, next);
  }
}

function readingOrder(a, b, isDown) {
  return isDown ? a.y - b.y || a.x - b.x : a.x - b.x || a.y - b.y;
}

/** The middle of the first box: where calls come from. */
function beginning(boxes, isDown) {
  const [first] = [...boxes.values()].sort((a, b) => readingOrder(a, b, isDown));
  return first
    ? { x: MARGIN + first.x + first.width / 2, y: MARGIN + first.y + first.height / 2 }
    : { x: 0, y: 0 };
}
