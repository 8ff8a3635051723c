/**
 * A long list of which only what can be seen is in the document.
 *
 * Rows are absolutely positioned inside a spacer of the whole height; each has its own height (`heightOf`), so that one
 * can be opened in place. An element stays the same as long as its row can be seen.
 */

import { h, replace } from "./dom.js";

/** So much more than can be seen is drawn above and below, in pixels: a flick of the wheel shows no white. */
const MARGIN = 400;

/** A browser cannot place anything much farther down. In pixels. */
const TALLEST = 15_000_000;

/**
 * @param {HTMLElement} root gets a fixed or a flexible height from its own style, and scrolls
 * @param {{count: number, rowHeight: number, render: function(number): Node, heightOf?: function(number): number,
 *   keyOf?: function(number): string, onVisible?: function(number, number): void, label?: string, role?: string,
 *   scroller?: HTMLElement}} options heights in pixels; keyOf: rows of the same key keep their element when the list is
 *   updated; onVisible(first, last) hears what can be seen; scroller: an element outside of root that scrolls (by
 *   default root itself)
 * @returns {{update: function(Object=): void, refresh: function(): void, scrollTo: function(number, Object=): void,
 *   rowOf: function(number): (Node|null), destroy: function(): void}}
 */
export function virtualList(root, options) {
  let settings = { heightOf: null, keyOf: null, ...options };
  const spacer = h("div", {
    class: "virtual-list-rows",
    role: settings.role ?? null,
    "aria-label": settings.label ?? null,
  });
  const scroller = settings.scroller ?? root;
  if (!settings.scroller) {
    root.classList.add("virtual-list");
  }
  replace(root, spacer);
  /** @type {Map<number, HTMLElement>} by index */
  const drawn = new Map();
  let tops = null;
  let frame = null;
  let seen = "";

  measure();

  /** Where each row begins; only where they differ in height is a list of it kept. */
  function measure() {
    const { count, heightOf } = settings;
    tops = null;
    if (heightOf) {
      tops = new Float64Array(count + 1);
      for (let index = 0; index < count; index += 1) {
        tops[index + 1] = tops[index] + heightOf(index);
      }
    }
    spacer.style.height = `${Math.min(topOf(count), TALLEST)}px`;
  }

  function topOf(index) {
    return tops ? tops[index] : index * settings.rowHeight;
  }

  function indexAt(offset) {
    const { count, rowHeight } = settings;
    if (!tops) {
      return Math.max(0, Math.min(count - 1, Math.floor(offset / rowHeight)));
    }
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (tops[middle] <= offset) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return Math.max(low, 0);
  }

  /** What can be seen of the list: from and to in its own pixels. */
  function view() {
    if (scroller === root) {
      return { from: root.scrollTop, to: root.scrollTop + root.clientHeight };
    }
    const list = spacer.getBoundingClientRect();
    const window = scroller.getBoundingClientRect();
    return { from: window.top - list.top, to: window.bottom - list.top };
  }

  function draw() {
    frame = null;
    const { count, keyOf, onVisible } = settings;
    if (count === 0) {
      clear();
      return;
    }
    const { from, to } = view();
    const first = indexAt(from - MARGIN);
    const last = indexAt(to + MARGIN);
    for (const [index, element] of drawn) {
      // A row that holds the focus stays, or the focus would be lost.
      if ((index < first || index > last) && !(index < count && element.contains(document.activeElement))) {
        element.remove();
        drawn.delete(index);
      }
    }
    for (let index = first; index <= last; index += 1) {
      const element = drawn.get(index) ?? add(index, keyOf);
      place(element, index);
    }
    const visible = `${indexAt(from)} ${indexAt(to)}`;
    if (onVisible && visible !== seen) {
      seen = visible;
      onVisible(indexAt(from), indexAt(to));
    }
  }

  function add(index, keyOf) {
    const element = h("div", { class: "virtual-list-row", "data-index": index }, settings.render(index));
    if (keyOf) {
      element.dataset.key = keyOf(index);
    }
    drawn.set(index, element);
    // In the order of the list, for screen readers and for Tab.
    let after = null;
    for (const other of spacer.children) {
      if (Number(other.dataset.index) > index) {
        after = other;
        break;
      }
    }
    spacer.insertBefore(element, after);
    return element;
  }

  function place(element, index) {
    element.style.transform = `translateY(${topOf(index)}px)`;
    element.style.height = `${topOf(index + 1) - topOf(index)}px`;
  }

  function clear() {
    spacer.replaceChildren();
    drawn.clear();
  }

  function later() {
    frame ??= requestAnimationFrame(draw);
  }

  scroller.addEventListener("scroll", later, { passive: true });
  const resized = new ResizeObserver(later);
  resized.observe(scroller);
  draw();

  return {
    /** New count, heights or render function; what is drawn is drawn anew, but for rows whose key is the same. */
    update(changes = {}) {
      const kept = new Map();
      settings = { ...settings, ...changes };
      if (settings.keyOf) {
        for (const element of drawn.values()) {
          kept.set(element.dataset.key, element);
        }
        drawn.clear();
        measure();
        rekey(kept);
      } else {
        clear();
        measure();
      }
      draw();
    },
    /** Draws what can be seen anew: the data behind the rows changed. */
    refresh() {
      for (const [index, element] of drawn) {
        replace(element, settings.render(index));
      }
    },
    /** Scrolls until a row can be seen. `align: "nearest"` only if it cannot; "center"; "start". */
    scrollTo(index, { align = "nearest" } = {}) {
      const { from, to } = view();
      const [top, bottom] = [topOf(index), topOf(index + 1)];
      if (align === "nearest" && top >= from && bottom <= to) {
        return;
      }
      const room = to - from;
      let target = top;
      if (align === "center") {
        target = top - (room - (bottom - top)) / 2;
      } else if (align === "nearest" && bottom > to) {
        target = bottom - room;
      }
      scroller.scrollTop += target - from;
      draw();
    },
    /** A row's element while it is drawn. */
    rowOf: (index) => drawn.get(index)?.firstElementChild ?? null,
    destroy() {
      cancelAnimationFrame(frame);
      scroller.removeEventListener("scroll", later);
      resized.disconnect();
      root.replaceChildren();
    },
  };

  function rekey(kept) {
    const { count, keyOf } = settings;
    const { from, to } = view();
    const [first, last] = count > 0 ? [indexAt(from - MARGIN), indexAt(to + MARGIN)] : [0, -1];
    for (let index = first; index <= last; index += 1) {
      const element = kept.get(keyOf(index));
      if (element) {
        element.dataset.index = index;
        drawn.set(index, element);
        kept.delete(keyOf(index));
      }
    }
    for (const element of kept.values()) {
      element.remove();
    }
  }
}
