/** The four states as shapes, told apart without colours: a tick in a circle, a triangle, a cross in a box, a ring. */

import { svg } from "../ui/dom.js";

const SHAPES = {
  good: "M6 1.2a4.8 4.8 0 1 0 0 9.6a4.8 4.8 0 0 0 0-9.6ZM3.6 6.1l1.7 1.7l3.2-3.5",
  warning: "M6 1.2L11.4 10.6H.6ZM6 4.4v3M6 8.9v.1",
  bad: "M1.6 1.6h8.8v8.8h-8.8ZM4 4l4 4M8 4l-4 4",
  unknown: "M6 1.6a4.4 4.4 0 1 0 0 8.8a4.4 4.4 0 0 0 0-8.8Z",
};

/** The states from best to worst; "unknown" stands apart. */
export const STATUS_WORDS = { good: "good", warning: "at risk", bad: "broken", unknown: "no data" };

/** An SVG group of 12 × 12 with a state's shape; `setShape` changes it. */
export function statusShape() {
  return svg("g", { class: "status-shape", "aria-hidden": "true" }, svg("path", {}));
}

/** @param {"good"|"warning"|"bad"|"unknown"} status */
export function setShape(shape, status) {
  if (shape.dataset.status === status) return;
  shape.dataset.status = status;
  shape.firstChild.setAttribute("d", SHAPES[status] ?? SHAPES.unknown);
}

/** The shape as a picture of its own, for use in a line of text. */
export function statusIcon(status, size = 14) {
  const shape = statusShape();
  setShape(shape, status);
  return svg(
    "svg",
    { class: "status-icon", viewBox: "0 0 12 12", width: size, height: size, "aria-hidden": "true" },
    shape,
  );
}
