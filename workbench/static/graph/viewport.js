/** What part of a large graph is seen, and how large: by dragging, by Ctrl and the wheel, by buttons, by + − 0. */

/** Text smaller than this share of its size is not read any more. */
const SMALLEST = 0.25;
const SMALLEST_AT_FIRST = 0.6;
const LARGEST = 2;
const STEP = 1.25;
/** Pixels that a press may move and still be a click. */
const CLICK_SLACK = 4;

export class Viewport {
  #root;
  #layer;
  #size = { width: 1, height: 1 };
  #graph = { width: 1, height: 1 };
  #start = { x: 0, y: 0 };
  #scale = 1;
  #x = 0;
  #y = 0;
  #isOwn = false;
  #onChange;

  /**
   * @param {SVGElement} root  what is seen
   * @param {SVGElement} layer  what is moved
   * @param {() => void} onChange  called when the reader has moved something
   */
  constructor(root, layer, onChange) {
    this.#root = root;
    this.#layer = layer;
    this.#onChange = onChange;
    root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    root.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  /** Whether there is something that is not seen, or was moved. */
  get isNeeded() {
    // Less than a pixel is nothing to look for.
    return this.#isOwn || this.#fit() < 0.995;
  }

  /** Whether not all of it could be seen at a size that can be read, or it was moved: then buttons help. */
  get isHiding() {
    return this.#isOwn || this.#fit() < SMALLEST_AT_FIRST;
  }

  /** The scale at which everything is seen, never larger than life, and not so small that nothing can be read. */
  #fit() {
    return Math.min(1, this.#size.width / this.#graph.width, this.#size.height / this.#graph.height);
  }

  /** @param size  of the place on the page; `graph`: of the layout; `start`: the point in it to begin with */
  resize(size, graph, start) {
    this.#size = size;
    this.#graph = graph;
    this.#start = start;
    if (!this.#isOwn) this.#toBeginning(SMALLEST_AT_FIRST);
    else this.#apply();
  }

  zoom(factor, x = this.#size.width / 2, y = this.#size.height / 2) {
    const scale = Math.min(LARGEST, Math.max(Math.min(SMALLEST, this.#fit()), this.#scale * factor));
    this.#x = x - ((x - this.#x) * scale) / this.#scale;
    this.#y = y - ((y - this.#y) * scale) / this.#scale;
    this.#scale = scale;
    this.#moved();
  }

  /** Everything, as small as it has to be. */
  showAll() {
    this.#isOwn = false;
    this.#toBeginning(0);
    this.#onChange();
  }

  /** Brings a rectangle of the graph into view, for example the node that the keyboard has reached. */
  reveal({ x, y, width, height }) {
    const left = this.#x + x * this.#scale;
    const top = this.#y + y * this.#scale;
    const right = left + width * this.#scale - this.#size.width;
    const bottom = top + height * this.#scale - this.#size.height;
    if (left >= 0 && right <= 0 && top >= 0 && bottom <= 0) return;
    if (left < 0) this.#x -= left - 12;
    else if (right > 0) this.#x -= right + 12;
    if (top < 0) this.#y -= top - 12;
    else if (bottom > 0) this.#y -= bottom + 12;
    this.#moved();
  }

  key(event) {
    const act = {
      "+": () => this.zoom(STEP),
      "=": () => this.zoom(STEP),
      "-": () => this.zoom(1 / STEP),
      0: () => this.showAll(),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  in() {
    this.zoom(STEP);
  }

  out() {
    this.zoom(1 / STEP);
  }

  #toBeginning(smallest) {
    this.#scale = Math.max(this.#fit(), smallest);
    // In the middle what fits, else the start, as far as that leaves no empty room.
    const offset = (seen, whole, at) =>
      whole <= seen ? (seen - whole) / 2 : Math.min(0, Math.max(seen - whole, seen / 2 - at));
    this.#x = offset(this.#size.width, this.#graph.width * this.#scale, this.#start.x * this.#scale);
    this.#y = offset(this.#size.height, this.#graph.height * this.#scale, this.#start.y * this.#scale);
    this.#apply();
  }

  #moved() {
    this.#isOwn = true;
    // Something of the graph always stays in sight.
    const keep = 60;
    this.#x = Math.min(this.#size.width - keep, Math.max(keep - this.#graph.width * this.#scale, this.#x));
    this.#y = Math.min(this.#size.height - keep, Math.max(keep - this.#graph.height * this.#scale, this.#y));
    this.#apply();
    this.#onChange();
  }

  #apply() {
    this.#layer.setAttribute("transform", `translate(${this.#x} ${this.#y}) scale(${this.#scale})`);
  }

  #wheel(event) {
    // The wheel alone scrolls the page.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = this.#root.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }

  #drag(event) {
    if (event.button !== 0 || !this.isNeeded) return;
    const from = { x: event.clientX, y: event.clientY };
    const before = { x: this.#x, y: this.#y };
    let isDragged = false;
    const move = (moved) => {
      const [dx, dy] = [moved.clientX - from.x, moved.clientY - from.y];
      if (!isDragged && Math.hypot(dx, dy) < CLICK_SLACK) return;
      if (!isDragged) this.#root.setPointerCapture(event.pointerId);
      isDragged = true;
      this.#x = before.x + dx;
      this.#y = before.y + dy;
      this.#moved();
    };
    const end = () => {
      this.#root.removeEventListener("pointermove", move);
      this.#root.removeEventListener("pointerup", end);
      this.#root.removeEventListener("pointercancel", end);
      // A drag that ends on a node is no click on it.
      if (isDragged) {
        const stop = (click) => click.stopPropagation();
        this.#root.addEventListener("click", stop, { capture: true, once: true });
        setTimeout(() => this.#root.removeEventListener("click", stop, { capture: true }));
      }
    };
    this.#root.addEventListener("pointermove", move);
    this.#root.addEventListener("pointerup", end);
    this.#root.addEventListener("pointercancel", end);
  }
}
