/** The state of a view, which lives in its address and nowhere else. */

import { newPlace } from "./history_place.js";

export class UrlState {
  #listeners = new Set();

  /** The path of the page: "/dashboards/chain-overview". */
  get path() {
    return location.pathname;
  }

  /** A parameter's first value, or null. */
  get(name) {
    return new URLSearchParams(location.search).get(name);
  }

  /** All values of a parameter. */
  all(name) {
    return new URLSearchParams(location.search).getAll(name);
  }

  /** The names of all parameters. */
  names() {
    return [...new Set(new URLSearchParams(location.search).keys())];
  }

  /**
   * Writes parameters; the others stay. Does not call the listeners: who writes knows.
   *
   * @param {Object<string, string|number|Array|null>} changes null removes, a list repeats the parameter
   * @param {{push?: boolean}} options push: "back" undoes it. Otherwise the entry of the history is replaced.
   */
  set(changes, { push = false } = {}) {
    const params = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      params.delete(name);
      for (const one of [value].flat()) {
        if (one !== null && one !== undefined) {
          params.append(name, String(one));
        }
      }
    }
    const query = params.toString();
    const address = location.pathname + (query ? `?${query}` : "") + location.hash;
    if (address !== location.pathname + location.search + location.hash) {
      history[push ? "pushState" : "replaceState"](push ? newPlace() : history.state, "", address);
    }
  }

  /** Calls fn() when the address changed by back, forward or a link to the same page; returns what ends that. */
  onChange(fn) {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /** For the router: the address is another one. */
  changed() {
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }
}
