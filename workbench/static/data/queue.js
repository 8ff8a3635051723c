/** So many at a time: a queue in which the urgent go first, and in which no group may take all places. */

export class Queue {
  #places;
  #placesOfOne;
  #held = new Map();
  #waiting = [];

  /**
   * @param {number} places how many may be under way at a time
   * @param {number} placesOfOne how many of them for one group
   */
  constructor(places, placesOfOne = places) {
    this.#places = places;
    this.#placesOfOne = placesOfOne;
  }

  /**
   * Waits for a place.
   *
   * @param {{group?: string, signal?: AbortSignal, urgent?: boolean}} wish
   * @returns {Promise<function(): void>} gives the place back
   */
  turn({ group = "", signal, urgent = false } = {}) {
    if (signal?.aborted) {
      return Promise.reject(signal.reason);
    }
    return new Promise((resolve, reject) => {
      const waiter = { group, urgent, go: null };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      waiter.go = () => {
        signal?.removeEventListener("abort", leave);
        resolve(this.#place(group));
      };
      signal?.addEventListener("abort", leave, { once: true });
      const behind = urgent ? this.#waiting.findIndex((other) => !other.urgent) : -1;
      this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiter);
      this.#next();
    });
  }

  #next() {
    const held = [...this.#held.values()].reduce((sum, count) => sum + count, 0);
    if (held < this.#places) {
      const index = this.#waiting.findIndex(({ group }) => this.#of(group) < this.#placesOfOne);
      if (index >= 0) {
        this.#waiting.splice(index, 1)[0].go();
      }
    }
  }

  #place(group) {
    this.#held.set(group, this.#of(group) + 1);
    let mine = true;
    return () => {
      if (mine) {
        mine = false;
        this.#held.set(group, this.#of(group) - 1);
        this.#next();
      }
    };
  }

  #of(group) {
    return this.#held.get(group) ?? 0;
  }
}
