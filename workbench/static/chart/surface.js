/**
 * A pair of canvases that fill an element: one for what was measured, one above it for the cursor.
 *
 * Draws at the screen's own pixels, only when something changed, and only while it can be seen.
 */

import { onThemeChange, token } from "../colours.js";
import { h } from "../ui/dom.js";

/** How far outside of the window a chart is drawn already, CSS pixels. */
const NEAR = 200;
/** Milliseconds in which new values of several charts are gathered for one frame. */
const GATHER = 80;

/** Surfaces that wait for it: a frame costs the browser all canvases of the page, whichever of them changed. */
const gathered = new Set();

function gather(surface) {
  if (gathered.size === 0) setTimeout(drawGathered, GATHER);
  gathered.add(surface);
}

function drawGathered() {
  const due = [...gathered];
  gathered.clear();
  for (const surface of due) surface.invalidate();
}

export class Surface {
  #element;
  #layers;
  #overlay;
  #observers = [];
  #stopTheme;
  #frame = 0;
  #visible = true;
  #measured = false;
  width = 0;
  height = 0;

  /**
   * @param {HTMLElement} element has a size of its own (from the page's layout) and position: relative
   * @param {{draw: (context: CanvasRenderingContext2D, size: Surface) => void,
   *   overlay?: (context: CanvasRenderingContext2D, size: Surface) => void, themed?: () => void}} painters
   *   coordinates are CSS pixels; `themed` is told of a change of theme, before everything is drawn again
   */
  constructor(element, { draw, overlay, themed }) {
    this.#element = element;
    this.#layers = [this.#layer(draw)];
    this.#overlay = overlay;
    const sizes = new ResizeObserver(([entry]) => this.#resize(entry));
    sizes.observe(element);
    // On a busy machine several answers come at once; the last is how it is now.
    const sight = new IntersectionObserver((entries) => this.#see(entries.at(-1).isIntersecting), {
      rootMargin: `${NEAR}px`,
    });
    sight.observe(element);
    this.#observers = [sizes, sight];
    this.#stopTheme = onThemeChange(() => {
      themed?.();
      this.invalidate();
    });
  }

  /** Device pixels to a CSS pixel. */
  get ratio() {
    return window.devicePixelRatio || 1;
  }

  /** Draw new values, in one frame with those of other charts; at once where somebody points. */
  invalidateData() {
    if (this.#layers.length > 1) this.invalidate();
    else gather(this);
  }

  /** Draw everything again with the next frame. */
  invalidate() {
    for (const layer of this.#layers) layer.dirty = true;
    this.#schedule();
  }

  /** Draw only the cursor's layer again. */
  invalidateOverlay() {
    if (!this.#overlay) return;
    // Most charts are never pointed at, and each canvas costs something with every frame.
    if (!this.#layers[1]) this.#layers.push(this.#layer(this.#overlay));
    this.#layers[1].dirty = true;
    this.#schedule();
  }

  /** Draw what is due now instead of with the next frame. */
  flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#paint();
  }

  destroy() {
    gathered.delete(this);
    cancelAnimationFrame(this.#frame);
    for (const observer of this.#observers) observer.disconnect();
    this.#stopTheme();
    for (const { canvas } of this.#layers) canvas.remove();
  }

  #layer(paint) {
    // Without a size of its own it would be 300 pixels wide until it is first drawn.
    const canvas = h("canvas", { class: "chart-canvas", "aria-hidden": "true", width: "0", height: "0" });
    const below = this.#layers?.at(-1).canvas;
    if (below) below.after(canvas);
    else this.#element.append(canvas);
    return { canvas, context: canvas.getContext("2d"), paint, dirty: true };
  }

  #see(visible) {
    this.#visible = visible;
    if (visible) this.#schedule();
  }

  #resize({ contentRect }) {
    if (!this.#measured) {
      // The other observer answers only after the first frame: until then look oneself.
      const box = this.#element.getBoundingClientRect();
      this.#visible = box.bottom > -NEAR && box.top < window.innerHeight + NEAR;
      this.#measured = true;
    }
    this.width = contentRect.width;
    this.height = contentRect.height;
    for (const layer of this.#layers) layer.dirty = true;
    // At once, within the same frame: a canvas that was resized and not drawn would flash empty.
    this.flush();
  }

  #schedule() {
    if (this.#frame || !this.#visible || !this.width) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint() {
    if (!this.#visible || this.width < 1 || this.height < 1) return;
    // Whatever the reason for drawing now, values that wait are drawn with it.
    if (gathered.delete(this)) for (const layer of this.#layers) layer.dirty = true;
    const ratio = this.ratio;
    for (const layer of this.#layers) {
      if (!layer.dirty) continue;
      layer.dirty = false;
      const { canvas, context } = layer;
      const width = Math.round(this.width * ratio);
      const height = Math.round(this.height * ratio);
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
        canvas.style.width = `${width / ratio}px`;
        canvas.style.height = `${height / ratio}px`;
      } else {
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, width, height);
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      layer.paint(context, this);
    }
  }
}

/** The middle of the device pixel at `position`, where a hairline is sharp. */
export function crisp(position, ratio) {
  return (Math.round(position * ratio) + 0.5) / ratio;
}

let held = null;

/** What a chart is drawn with: the tokens of the theme of now, and the font of labels. Read once a theme. */
export function palette() {
  const background = token("surface");
  const text = token("text");
  if (held?.background !== background || held.text !== text) {
    held = { ...readTokens(), ...readFont(), background, text };
  }
  return held;
}

function readTokens() {
  return {
    line: token("line"),
    strong: token("line-strong"),
    quiet: token("text-quiet"),
    faint: token("text-faint"),
    accent: token("accent"),
    selection: token("selection"),
  };
}

/** A canvas knows no variables: an element says what they come to. */
function readFont() {
  const probe = h("span", { style: { font: "var(--size-1) var(--font)", display: "none" } });
  document.body.append(probe);
  const { fontSize, fontFamily } = getComputedStyle(probe);
  probe.remove();
  return { font: `${fontSize} ${fontFamily}`, family: fontFamily };
}
