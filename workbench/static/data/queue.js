/** So many at a time: a queue in which the urgent go first, and from which who lost interest leaves. */

export class Queue {
  #free;
  #waiting = [];

  /** @param {number} places how many may be under way at a time */
  constructor(places) {
    this.#free = places;
  }

  /**
   * Waits for a place.
   *
   * @param {{signal?: AbortSignal, urgent?: boolean}} wish
   * @returns {Promise<function(): void>} gives the place back
   */
  turn({ signal, urgent = false } = {}) {
    if (signal?.aborted) {
      return Promise.reject(signal.reason);
    }
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve(this.#place());
    }
    return new Promise((resolve, reject) => {
      const waiter = { urgent, go: null };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      waiter.go = () => {
        signal?.removeEventListener("abort", leave);
        resolve(this.#place());
      };
      signal?.addEventListener("abort", leave, { once: true });
      const behind = urgent ? this.#waiting.findIndex((other) => !other.urgent) : -1;
      this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiter);
    });
  }

  #place() {
    let held = true;
    return () => {
      if (held) {
        held = false;
        const next = this.#waiting.shift();
        if (next) {
          next.go();
        } else {
          this.#free += 1;
        }
      }
    };
  }
}
