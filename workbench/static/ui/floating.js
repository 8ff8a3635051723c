/** Keeping something that floats (a menu, a list of choices, a tip) beside what it belongs to, inside the window. */

const GAP = 4;
const EDGE = 8;

/**
 * Puts a floating element under its anchor, or above it where there is more room, and moves it along when the page
 * scrolls or changes its size.
 *
 * @param {HTMLElement} floating `position: fixed`, already in the document
 * @param {Element|{x: number, y: number}} anchor an element, or a point of the window in pixels
 * @param {{align?: "start"|"end"}} options which edges are in line
 * @returns {function(): void} stops following
 */
export function follow(floating, anchor, { align = "start" } = {}) {
  const place = () => put(floating, boxOf(anchor), align);
  place();
  addEventListener("scroll", place, { capture: true, passive: true });
  addEventListener("resize", place, { passive: true });
  return () => {
    removeEventListener("scroll", place, { capture: true });
    removeEventListener("resize", place);
  };
}

function put(floating, box, align) {
  floating.style.maxHeight = "";
  const { width, height } = floating.getBoundingClientRect();
  const below = innerHeight - box.bottom - GAP - EDGE;
  const above = box.top - GAP - EDGE;
  const under = height <= below || below >= above;
  const room = Math.max(under ? below : above, 0);
  const used = Math.min(height, room);
  const left = align === "end" ? box.right - width : box.left;
  floating.style.maxHeight = `${room}px`;
  floating.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
  floating.style.top = `${under ? box.bottom + GAP : box.top - GAP - used}px`;
}

function boxOf(anchor) {
  if (anchor instanceof Element) {
    return anchor.getBoundingClientRect();
  }
  return { left: anchor.x, right: anchor.x, top: anchor.y, bottom: anchor.y };
}
