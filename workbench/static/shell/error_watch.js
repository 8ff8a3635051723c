/** Errors that no part of a page caught: said once a page, with a way out. The console has the details by itself. */

import { toast } from "../ui/toast.js";

/** Not an error of anybody: the browser says that it will lay out once more. */
const HARMLESS = /^ResizeObserver loop/;

/** @param {function(): void} reload mounts the page again */
export function watchErrors(reload) {
  let told = null;
  const tell = () => {
    if (told !== location.pathname) {
      told = location.pathname;
      const again = () => {
        told = null;
        reload();
      };
      toast("Something on this page failed; parts of it may be wrong.", {
        kind: "bad",
        action: { text: "Start the page again", onSelect: again },
        seconds: 20,
      });
    }
  };
  addEventListener("error", (event) => HARMLESS.test(event.message) || tell());
  addEventListener("unhandledrejection", (event) => {
    if (event.reason?.name === "AbortError") {
      // Somebody left before the answer came. That is no failure, and none for the console.
      event.preventDefault();
      return;
    }
    tell();
  });
}
