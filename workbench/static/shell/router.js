/** From an address to a page: loads its module, mounts it, unmounts the one before, and keeps the browser's history. */

import { nowAddress } from "../addresses.js";
import { h, replace } from "../ui/dom.js";
import { leave } from "../ui/leaving.js";
import { errorState, loading } from "../ui/states.js";
import { newPlace } from "./history_place.js";

/** Which path is which page; `name` as in addresses.js. A module is loaded when its page is opened. */
const ROUTES = [
  { pattern: /^\/$/, name: "now", load: () => import("../pages/now.js") },
  { pattern: /^\/dashboards\/?$/, name: "dashboards", load: () => import("../pages/dashboards.js") },
  { pattern: /^\/dashboards\/[^/]+\/?$/, name: "dashboards", load: () => import("../pages/dashboard.js") },
  { pattern: /^\/explore\/?$/, name: "explore", load: () => import("../pages/explore.js") },
  { pattern: /^\/trace(\/[^/]*)?$/, name: "trace", load: () => import("../pages/trace.js") },
  { pattern: /^\/logs\/?$/, name: "logs", load: () => import("../pages/logs.js") },
  { pattern: /^\/exercises\/?$/, name: "exercises", load: () => import("../pages/exercises.js") },
  { pattern: /^\/exercises\/[^/]+\/?$/, name: "exercises", load: () => import("../pages/exercise.js") },
  { pattern: /^\/faults\/?$/, name: "faults", load: () => import("../pages/faults.js") },
  { pattern: /^\/map\/?$/, name: "map", load: () => import("../pages/map.js") },
  { pattern: /^/, name: null, load: () => import("../pages/not_found.js") },
];

/** Until a page's code is there nothing is said for so long. In milliseconds. */
const PATIENCE_MS = 200;

/** How long a page may take to be as high as it was, so that "back" finds its place. In milliseconds. */
const RESTORE_MS = 2000;

export class Router {
  #root;
  #url;
  #contextFor;
  #onPage;
  #page = null;
  #path = null;
  #turn = 0;
  #places = new Map();

  /**
   * @param {HTMLElement} root where pages are
   * @param {{url: import("./url_state.js").UrlState, contextFor: function(Object): Object,
   *   onPage: function({name: string|null, module: Object|null}): void}} options contextFor gets {signal, module} and
   *   makes the page's context; onPage hears which page it is, before it is mounted
   */
  constructor(root, { url, contextFor, onPage }) {
    this.#root = root;
    this.#url = url;
    this.#contextFor = contextFor;
    this.#onPage = onPage;
  }

  /** Shows the page of the address, and listens to links and to back and forward. */
  start() {
    history.scrollRestoration = "manual";
    if (!history.state?.place) {
      history.replaceState(newPlace(), "");
    }
    addEventListener("popstate", () => this.#arrive({ back: true }));
    addEventListener("scroll", () => this.#places.set(history.state?.place, scrollY), { passive: true });
    document.addEventListener("click", (event) => this.#clicked(event));
    return this.#arrive({ first: true });
  }

  /** Goes to an address of ours. The same address again asks the page anew. */
  navigate(address) {
    const url = new URL(address, location.href);
    if (url.origin !== location.origin) {
      location.assign(url);
      return;
    }
    const same = url.pathname + url.search === location.pathname + location.search;
    history[same ? "replaceState" : "pushState"](newPlace(), "", url);
    this.#arrive({});
  }

  /** Mounts the page again, as after an error. */
  reload() {
    this.#path = null;
    return this.#arrive({});
  }

  #clicked(event) {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) {
      return;
    }
    const url = new URL(link.getAttribute("href"), location.href);
    const ours = url.origin === location.origin && !/^\/(api|static)\//.test(url.pathname);
    // A place on the same page is the browser's business.
    const onlyHash = url.hash && url.pathname === location.pathname && url.search === location.search;
    if (ours && !onlyHash) {
      event.preventDefault();
      this.navigate(url.href);
    }
  }

  async #arrive({ first = false, back = false }) {
    leave();
    if (location.pathname === this.#path) {
      this.#url.changed();
      return;
    }
    this.#turn += 1;
    const turn = this.#turn;
    this.#path = location.pathname;
    // Before the page becomes short, and the browser scrolls by itself.
    const top = back ? (this.#places.get(history.state?.place) ?? 0) : 0;
    this.#leave();
    const route = ROUTES.find(({ pattern }) => pattern.test(location.pathname));
    this.#onPage({ name: route.name, module: null });
    // Who goes back at once must not see this over the page that they came back to.
    const waiting = () => turn === this.#turn && replace(this.#root, loading("Loading the page"));
    const timer = setTimeout(waiting, PATIENCE_MS);
    try {
      const module = await route.load().finally(() => clearTimeout(timer));
      if (turn !== this.#turn) {
        return;
      }
      this.#mount(module, route);
    } catch (error) {
      if (turn !== this.#turn) {
        return;
      }
      console.error("The page failed to start.", error);
      this.#leave();
      this.#failed(error);
    }
    this.#settle({ first, back, top });
  }

  #mount(module, route) {
    const controller = new AbortController();
    this.#onPage({ name: route.name, module });
    this.#root.replaceChildren();
    this.#page = { controller, page: null };
    const context = this.#contextFor({ signal: controller.signal, module });
    this.#page.page = module.mount(this.#root, context);
  }

  #leave() {
    const left = this.#page;
    this.#page = null;
    if (left === null) {
      return;
    }
    try {
      left.page?.unmount?.();
    } catch (error) {
      // The next page can do nothing for it.
      console.error("The page failed to end.", error);
    }
    left.controller.abort(new DOMException("The page was left.", "AbortError"));
    this.#root.replaceChildren();
  }

  #failed(error) {
    const missing = error instanceof TypeError && /import|fetch/i.test(error.message);
    const told = missing
      ? { message: "The page's code could not be loaded.", hint: "Does the lab still run? python3 lab status says." }
      : { message: String(error?.message ?? error), hint: "The browser's console says more." };
    // Code that could not be loaded once is not asked for again by this document.
    const again = missing ? () => location.reload() : () => this.reload();
    replace(
      this.#root,
      h("h1", { tabindex: "-1" }, "This page failed"),
      errorState(told, { retry: again }),
      h("p", {}, h("a", { href: nowAddress() }, "To the first page")),
    );
    document.title = "This page failed · Glasshouse";
  }

  #settle({ first, back, top }) {
    if (back) {
      this.#restore(top);
    } else if (!first) {
      scrollTo(0, 0);
    }
    if (!first) {
      focusHeading(this.#root);
    }
  }

  /** Scrolls to where the page was, as soon as it is high enough, unless its reader scrolls first. */
  #restore(top) {
    const turn = this.#turn;
    const until = performance.now() + RESTORE_MS;
    const controller = new AbortController();
    for (const type of ["wheel", "touchstart", "keydown", "pointerdown"]) {
      addEventListener(type, () => controller.abort(), { signal: controller.signal, passive: true });
    }
    const attempt = () => {
      if (controller.signal.aborted || turn !== this.#turn) {
        return;
      }
      scrollTo(0, top);
      if (Math.abs(scrollY - top) > 1 && performance.now() < until) {
        requestAnimationFrame(attempt);
      } else {
        controller.abort();
      }
    };
    attempt();
  }
}

/** Who reads with a screen reader hears where they are; who uses the keyboard goes on from there. */
function focusHeading(root) {
  const heading = root.querySelector("h1") ?? root;
  if (!heading.hasAttribute("tabindex")) {
    heading.setAttribute("tabindex", "-1");
  }
  heading.focus({ preventScroll: true });
}
