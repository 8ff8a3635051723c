/**
 * The whole trace as a picture of a finger's height, and on it the window of time that the waterfall shows.
 * Drag over it to choose a stretch, drag a handle to change it; a double click shows everything again.
 */

import { onThemeChange, serviceColour, token } from "../colours.js";
import { duration } from "../format/time.js";
import { h } from "../ui/dom.js";
import { fraction, moved, ticks, windowOf } from "./window.js";

const HEIGHT = 56;
/** Pixels: less is a click and not a drag. */
const DRAG_PIXELS = 4;
/** An arrow key moves a handle by this share of the trace, with Shift by ten times as much. */
const STEP = 0.01;

/**
 * @param {HTMLElement} root
 * @param {{trace, window: {start, end}, onWindow: function({start, end}): void}} options
 * @returns {{update: function({trace?, window?}): void, destroy: function(): void}}
 */
export function minimap(root, { trace, window: shown, onWindow }) {
  const canvas = h("canvas", { class: "minimap-canvas", "aria-hidden": "true" });
  const left = h("div", { class: "minimap-shade" });
  const right = h("div", { class: "minimap-shade" });
  const handles = ["start", "end"].map((edge) =>
    h("div", {
      class: "minimap-handle",
      role: "slider",
      tabindex: "0",
      "aria-label": `${edge === "start" ? "Start" : "End"} of the time shown`,
      "aria-valuemin": 0,
      "data-edge": edge,
      onkeydown: (event) => byKey(event, edge),
    })
  );
  const box = h(
    "div",
    { class: "minimap", ondblclick: () => choose(windowOf(0, trace.duration, trace.duration)) },
    canvas,
    left,
    right,
    ...handles,
  );
  root.append(box);

  const resized = new ResizeObserver(() => draw());
  resized.observe(box);
  const unwatch = onThemeChange(draw);
  box.addEventListener("pointerdown", begin);

  function begin(event) {
    if (event.button !== 0) return;
    const bounds = box.getBoundingClientRect();
    const momentAt = (x) => Math.min(Math.max((x - bounds.left) / bounds.width, 0), 1) * trace.duration;
    const edge = event.target.dataset?.edge;
    const fixed = edge ? shown[edge === "start" ? "end" : "start"] : momentAt(event.clientX);
    const from = event.clientX;
    let dragged = Boolean(edge);
    event.preventDefault();
    if (edge) event.target.focus();
    box.setPointerCapture(event.pointerId);
    const move = (step) => {
      dragged ||= Math.abs(step.clientX - from) >= DRAG_PIXELS;
      if (dragged) choose(windowOf(fixed, momentAt(step.clientX), trace.duration));
    };
    const end = () => {
      box.removeEventListener("pointermove", move);
      box.removeEventListener("pointerup", end);
      box.removeEventListener("pointercancel", end);
    };
    box.addEventListener("pointermove", move);
    box.addEventListener("pointerup", end);
    box.addEventListener("pointercancel", end);
  }

  function byKey(event, edge) {
    const step = trace.duration * STEP * (event.shiftKey ? 10 : 1);
    const by = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step }[event.key];
    if (event.key === "Escape") choose(windowOf(0, trace.duration, trace.duration));
    else if (event.key === "Home") {
      choose(edge === "start" ? { ...shown, start: 0 } : moved(shown, -trace.duration, trace.duration));
    } else if (event.key === "End") {
      choose(edge === "end" ? { ...shown, end: trace.duration } : moved(shown, trace.duration, trace.duration));
    } else if (by) {
      const next = edge === "start" ? Math.min(shown.start + by, shown.end) : Math.max(shown.end + by, shown.start);
      choose(
        edge === "start" ? windowOf(next, shown.end, trace.duration) : windowOf(shown.start, next, trace.duration),
      );
    } else return;
    event.preventDefault();
  }

  function choose(next) {
    shown = next;
    place();
    onWindow(next);
  }

  function place() {
    const whole = windowOf(0, trace.duration, trace.duration);
    const [from, to] = [fraction(whole, shown.start) * 100, fraction(whole, shown.end) * 100];
    left.style.left = "0";
    left.style.width = `${from}%`;
    right.style.left = `${to}%`;
    right.style.width = `${100 - to}%`;
    for (const [index, at] of [shown.start, shown.end].entries()) {
      handles[index].style.left = `${[from, to][index]}%`;
      handles[index].setAttribute("aria-valuemax", String(trace.duration));
      handles[index].setAttribute("aria-valuenow", String(Math.round(at)));
      handles[index].setAttribute("aria-valuetext", duration(at / 1e6));
    }
    box.classList.toggle("whole", from <= 0 && to >= 100);
  }

  function draw() {
    const width = box.clientWidth;
    if (!width) return;
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(HEIGHT * ratio);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.clearRect(0, 0, width, HEIGHT);
    const scale = width / Math.max(trace.duration, 1e-3);
    pen.fillStyle = token("line");
    for (const at of ticks({ start: 0, end: trace.duration }, width / 120)) {
      pen.fillRect(Math.round(at * scale), 0, 1, HEIGHT);
    }
    const rows = Math.max(trace.spans.length, 1);
    const thick = Math.min(Math.max((HEIGHT - 8) / rows, 1), 5);
    const failed = [];
    trace.spans.forEach((span, index) => {
      const bar = [
        span.start * scale,
        4 + (index / rows) * (HEIGHT - 8),
        Math.max(span.duration * scale, 1),
        Math.max(thick - 0.5, 0.8),
      ];
      pen.fillStyle = serviceColour(span.service);
      pen.fillRect(...bar);
      if (span.status === "error") failed.push(bar);
    });
    pen.fillStyle = token("bad");
    for (const [x, y, wide, high] of failed) pen.fillRect(x, y, wide, Math.max(high, 2));
    place();
  }

  place();
  return {
    update(changes) {
      trace = changes.trace ?? trace;
      shown = changes.window ?? shown;
      if (changes.trace) draw();
      else place();
    },
    destroy() {
      resized.disconnect();
      unwatch();
      box.remove();
    },
  };
}
