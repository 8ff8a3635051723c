/** Hands a text to the browser as a file to keep. */

import { h } from "./dom.js";

/** The browser has taken it by then. */
const TAKEN_MS = 10_000;

/**
 * @param {string} name of the file, with its ending
 * @param {string} text
 * @param {string} type its media type
 */
export function saveFile(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), TAKEN_MS);
}
