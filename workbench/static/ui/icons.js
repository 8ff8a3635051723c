/** Small pictures, drawn with the text's colour: 16 × 16, lines of 1.5. */

import { svg } from "./dom.js";

const PATHS = {
  refresh: ["M13.5 8a5.5 5.5 0 1 1-1.6-3.9", "M13.5 1.8v2.9h-2.9"],
  close: ["M4 4l8 8", "M12 4l-8 8"],
  sun: [
    "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    "M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M3 13l1.1-1.1M11.9 4.1 13 3",
  ],
  moon: ["M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z"],
  screen: ["M2 3h12v8H2z", "M6 14h4M8 11v3"],
  clock: ["M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z", "M8 4.8V8l2.2 1.6"],
  back: ["M9.5 3.5 5 8l4.5 4.5"],
  forward: ["M6.5 3.5 11 8l-4.5 4.5"],
  zoomOut: ["M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z", "M10.3 10.3 14 14", "M5 7h4"],
  copy: ["M5.5 5.5h8v8h-8z", "M10.5 5.5v-3h-8v8h3"],
  flag: ["M3.5 14.5v-12", "M3.5 3h8.5l-2 3 2 3H3.5"],
  more: ["M3.5 8h.01M8 8h.01M12.5 8h.01"],
  down: ["M4 6l4 4 4-4"],
  up: ["M4 10l4-4 4 4"],
  right: ["M6 4l4 4-4 4"],
  external: ["M9.5 2.5h4v4", "M13.5 2.5 7.5 8.5", "M11.5 9v4.5h-9v-9H7"],
  keyboard: ["M1.5 4h13v8h-13z", "M4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6"],
  check: ["M3 8.5 6.5 12 13 4.5"],
  search: ["M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z", "M10.3 10.3 14 14"],
  plus: ["M8 3v10M3 8h10"],
  minus: ["M3 8h10"],
  play: ["M5 3l8 5-8 5z"],
  pause: ["M5.5 3v10M10.5 3v10"],
  download: ["M8 2v8.5", "M4.5 7 8 10.5 11.5 7", "M2.5 13.5h11"],
  link: ["M6.5 9.5 9.5 6.5", "M7 4.5 8.7 2.8a3 3 0 0 1 4.5 4.5L11.5 9", "M9 11.5l-1.7 1.7a3 3 0 0 1-4.5-4.5L4.5 7"],
  filter: ["M2 3h12L9.5 8.5V13l-3-1.5v-3z"],
  switch: ["M5 4.5h6a3.5 3.5 0 0 1 0 7H5a3.5 3.5 0 0 1 0-7z", "M11 6.8v2.4"],
  menu: ["M2 4h12M2 8h12M2 12h12"],
};

/** @param {string} name of the list above; decoration only, the label stands beside it or on the control */
export function icon(name) {
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true", focusable: "false" },
    PATHS[name].map((d) => svg("path", { d })),
  );
}
