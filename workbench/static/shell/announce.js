/** Sentences for screen readers. */

/** @param {string} text said when the reader is done with what it says now */
export function announce(text) {
  const place = document.getElementById("announcements");
  // The same sentence again is news only if the place was empty in between.
  place.textContent = "";
  requestAnimationFrame(() => {
    place.textContent = text;
  });
}
