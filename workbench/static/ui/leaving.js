/** Whoever floats over a page (a menu, a panel, a dialog) goes when the page goes. The router says when. */

const going = new EventTarget();

/** Calls fn() when the address changes, until `signal` aborts. */
export function onLeave(fn, { signal }) {
  going.addEventListener("leave", () => fn(), { signal });
}

/** For the router: another address is shown from now on. */
export function leave() {
  going.dispatchEvent(new Event("leave"));
}
