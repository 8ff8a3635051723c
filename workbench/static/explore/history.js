/**
 * The queries that were asked, newest first, kept in this browser. Where the browser keeps nothing they last as long as
 * the page.
 *
 * @typedef {{source: string, query: string, view: string, at: number, starred: boolean}} Entry
 *   at in unix milliseconds
 */
import { SOURCES } from "./state.js";

const NAME = "workbench.explore.history";
const MOST = 100;

export class History {
  #storage;
  #entries;

  /** @param {() => Storage} storage - may throw: then nothing is kept */
  constructor(storage = () => window.localStorage) {
    this.#storage = storage;
    this.#entries = this.#read();
  }

  /** @returns {Entry[]} */
  get entries() {
    return this.#entries;
  }

  /** Notes that a query was asked; one that is there already moves to the front. */
  add({ source, query, view }, at = Date.now()) {
    if (!query.trim()) return;
    const old = this.#entries.find((entry) => entry.source === source && entry.query === query);
    const entry = { source, query, view, at, starred: old?.starred ?? false };
    this.#keep([entry, ...this.#entries.filter((other) => other !== old)]);
  }

  star(entry, starred) {
    this.#keep(this.#entries.map((other) => (other === entry ? { ...entry, starred } : other)));
  }

  remove(entry) {
    this.#keep(this.#entries.filter((other) => other !== entry));
  }

  /** Forgets everything but what has a star. */
  clear() {
    this.#keep(this.#entries.filter(({ starred }) => starred));
  }

  /** Of too many the oldest without a star go. */
  #keep(entries) {
    const kept = [...entries];
    while (kept.length > MOST) {
      const oldest = kept.findLastIndex(({ starred }) => !starred);
      kept.splice(oldest < 0 ? kept.length - 1 : oldest, 1);
    }
    this.#entries = kept;
    try {
      this.#storage().setItem(NAME, JSON.stringify(kept));
    } catch {
      // Denied or full: the list holds until the page is left.
    }
  }

  #read() {
    try {
      const kept = JSON.parse(this.#storage().getItem(NAME) ?? "[]");
      return Array.isArray(kept) ? kept.filter(isEntry).slice(0, MOST) : [];
    } catch {
      return [];
    }
  }
}

function isEntry(value) {
  return typeof value?.query === "string" && Object.hasOwn(SOURCES, value.source) && Number.isFinite(value.at);
}
