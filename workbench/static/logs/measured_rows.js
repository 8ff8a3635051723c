/**
 * Rows of any height, of which only those in sight are in the document. Heights are measured when a row is drawn; until
 * then a row counts with the usual height. What is in sight stays where it is when rows come, go or grow above it.
 */

/** Pixels above and below the visible part that are drawn as well. */
const MARGIN = 400;

/** Nearer to an edge than this counts as being there. */
const EDGE = 8;

export class MeasuredRows {
  #scroller;
  #canvas;
  #options;
  #keys = [];
  #tops = new Float64Array(1);
  #heights = new Map();
  #drawn = new Map();
  #usual;
  #pending = 0;
  #observer;
  #width = 0;

  /**
   * @param {HTMLElement} scroller what scrolls
   * @param {HTMLElement} canvas its child, that takes the height of all rows
   * @param {{draw: (index: number, key: string) => HTMLElement, usualHeight: number,
   *   onMove?: () => void}} options `onMove` is called after each scroll
   */
  constructor(scroller, canvas, options) {
    this.#scroller = scroller;
    this.#canvas = canvas;
    this.#options = options;
    this.#usual = options.usualHeight;
    this.#observer = new ResizeObserver((entries) => this.#measured(entries));
    this.#observer.observe(scroller);
    scroller.addEventListener("scroll", this.#scrolled, { passive: true });
  }

  destroy() {
    this.#observer.disconnect();
    this.#scroller.removeEventListener("scroll", this.#scrolled);
    cancelAnimationFrame(this.#pending);
    this.#drawn.clear();
    this.#canvas.replaceChildren();
  }

  /**
   * Other rows. Rows that stay keep their height and their element.
   * @param {string[]} keys one a row, each its own
   * @param {{stick?: "start"|"end"|null}} wish an edge that stays in sight if it was
   */
  update(keys, { stick = null } = {}) {
    const anchor = this.#anchor(stick);
    this.#keys = keys;
    const present = new Set(keys);
    for (const [key, element] of this.#drawn) {
      if (!present.has(key)) this.#erase(key, element);
    }
    if (this.#heights.size > 4 * keys.length + 1000) {
      for (const key of this.#heights.keys()) if (!present.has(key)) this.#heights.delete(key);
    }
    this.#place();
    this.#restore(anchor);
    this.draw();
  }

  /** Draws a row anew, because what it shows has changed; all of them without a key. */
  redraw(key) {
    const anchor = this.#anchor(null);
    for (const [one, element] of [...this.#drawn]) {
      if (key === undefined || one === key) this.#erase(one, element);
    }
    if (key === undefined) this.#heights.clear();
    else this.#heights.delete(key);
    this.#place();
    this.#restore(anchor);
    this.draw();
  }

  /** The element of a row, or null while it is out of sight. */
  elementOf(key) {
    return this.#drawn.get(key) ?? null;
  }

  /** Brings a row into sight: by the shortest way, or to the middle. */
  reveal(index, { middle = false } = {}) {
    const height = this.#scroller.clientHeight;
    // Drawing gives rows their real heights, which may move this one: twice is enough.
    for (let round = 0; round < 2; round += 1) {
      const [top, bottom] = [this.#tops[index], this.#tops[index + 1]];
      const at = this.#scroller.scrollTop;
      if (middle) this.#scroller.scrollTop = top - Math.max((height - (bottom - top)) / 2, 0);
      else if (top < at) this.#scroller.scrollTop = top;
      else if (bottom > at + height) this.#scroller.scrollTop = Math.min(bottom - height, top);
      this.draw();
    }
  }

  isAt(edge) {
    const { scrollTop, clientHeight, scrollHeight } = this.#scroller;
    return edge === "start" ? scrollTop <= EDGE : scrollTop + clientHeight >= scrollHeight - EDGE;
  }

  goTo(edge) {
    this.#scroller.scrollTop = edge === "start" ? 0 : this.#tops[this.#keys.length];
    this.draw();
    if (edge === "end") this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Draws what has come into sight and removes what has left it. */
  draw() {
    const top = this.#scroller.scrollTop - MARGIN;
    const bottom = this.#scroller.scrollTop + (this.#scroller.clientHeight || 600) + MARGIN;
    const first = this.#indexAt(top);
    const wanted = new Set();
    for (let i = first; i < this.#keys.length && this.#tops[i] < bottom; i += 1) wanted.add(this.#keys[i]);
    for (const [key, element] of [...this.#drawn]) {
      // Whoever reads on by keyboard must not lose the place.
      if (!wanted.has(key) && !element.contains(document.activeElement)) this.#erase(key, element);
    }
    let before = null;
    let i = first;
    for (const key of wanted) {
      let element = this.#drawn.get(key);
      if (!element) {
        element = this.#options.draw(i, key);
        this.#drawn.set(key, element);
        this.#canvas.insertBefore(element, before ? before.nextSibling : this.#canvas.firstChild);
        this.#observer.observe(element);
      }
      element.style.setProperty("transform", `translateY(${this.#tops[i]}px)`);
      before = element;
      i += 1;
    }
    this.#measureNew(wanted, first);
  }

  /** Rows just drawn are measured at once, so that nothing overlaps for a frame. */
  #measureNew(wanted, first) {
    let changed = false;
    let lowest = Infinity;
    let i = first;
    for (const key of wanted) {
      if (!this.#heights.has(key)) {
        const height = this.#drawn.get(key).offsetHeight;
        if (height > 0) {
          this.#heights.set(key, height);
          if (Math.abs(height - (this.#tops[i + 1] - this.#tops[i])) > 0.5) {
            changed = true;
            lowest = Math.min(lowest, i);
          }
        }
      }
      i += 1;
    }
    if (!changed) return;
    const anchor = this.#anchor(null);
    this.#place(lowest);
    this.#restore(anchor);
    this.#move();
  }

  #move() {
    for (const [key, element] of this.#drawn) {
      const index = this.#indexOf(key);
      if (index >= 0) element.style.setProperty("transform", `translateY(${this.#tops[index]}px)`);
    }
  }

  #indexOf(key) {
    if (!this.#indices) {
      this.#indices = new Map(this.#keys.map((one, i) => [one, i]));
    }
    return this.#indices.get(key) ?? -1;
  }
  #indices = null;

  #place(from = 0) {
    const count = this.#keys.length;
    if (from === 0) {
      this.#indices = null;
      this.#tops = new Float64Array(count + 1);
    }
    for (let i = from; i < count; i += 1) {
      this.#tops[i + 1] = this.#tops[i] + (this.#heights.get(this.#keys[i]) ?? this.#usual);
    }
    this.#canvas.style.setProperty("height", `${this.#tops[count]}px`);
  }

  /** The row at the upper edge of what is visible and how far it is scrolled, or the edge itself. */
  #anchor(stick) {
    if (stick && this.isAt(stick)) return { stick };
    const at = this.#scroller.scrollTop;
    const index = this.#indexAt(at);
    return this.#keys.length ? { key: this.#keys[index], offset: at - this.#tops[index] } : {};
  }

  #restore({ stick, key, offset }) {
    let target;
    if (stick === "start") target = 0;
    else if (stick === "end") target = this.#canvas.offsetHeight;
    else {
      const index = key === undefined ? -1 : this.#indexOf(key);
      if (index < 0) return;
      target = this.#tops[index] + offset;
    }
    if (Math.abs(this.#scroller.scrollTop - target) > 0.5) this.#scroller.scrollTop = target;
  }

  #indexAt(y) {
    let low = 0;
    let high = this.#keys.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }

  #erase(key, element) {
    this.#observer.unobserve(element);
    element.remove();
    this.#drawn.delete(key);
  }

  #scrolled = () => {
    if (this.#pending) return;
    this.#pending = requestAnimationFrame(() => {
      this.#pending = 0;
      this.draw();
      this.#options.onMove?.();
    });
  };

  #measured(entries) {
    const width = this.#scroller.clientWidth;
    if (width !== this.#width) {
      const first = this.#width === 0;
      this.#width = width;
      // Lines wrap elsewhere now: what is out of sight has to be measured again.
      if (!first) {
        const keys = new Set(this.#drawn.keys());
        for (const key of this.#heights.keys()) if (!keys.has(key)) this.#heights.delete(key);
      }
    }
    const keys = new Map([...this.#drawn].map(([key, element]) => [element, key]));
    let changed = entries.some((entry) => entry.target === this.#scroller);
    for (const { target } of entries) {
      const key = keys.get(target);
      if (key !== undefined && target.offsetHeight > 0 && this.#heights.get(key) !== target.offsetHeight) {
        this.#heights.set(key, target.offsetHeight);
        changed = true;
      }
    }
    if (!changed) return;
    const anchor = this.#anchor(null);
    this.#place();
    this.#restore(anchor);
    this.draw();
    this.#move();
  }
}
