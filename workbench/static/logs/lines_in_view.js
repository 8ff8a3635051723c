/**
 * The lines that a page has loaded: always one piece of the log without holes, which grows at both ends.
 */
import { byTime, merged, onlyNew } from "./order.js";
import { MOST_LINES, page } from "./paging.js";

/** Lines that are kept, at most; what is let go at one end can be loaded again. */
export const MOST_KEPT = 10_000;

export class LinesInView {
  /** Oldest first. */
  lines = [];
  /** What is left to load at each end, {start, end} in unix nanoseconds; null when nothing is. */
  older = null;
  newer = null;
  /** Nanoseconds with more lines than Loki gives at once. */
  cut = [];
  #ask;
  #most;

  /** @param {Function} ask as of paging.js */
  constructor(ask, { most = MOST_KEPT } = {}) {
    this.#ask = ask;
    this.#most = most;
  }

  /** The first page of a range, from one of its ends. */
  async begin({ start, end, limit, direction }) {
    const found = await page(this.#ask, { start, end, limit, direction });
    this.lines = found.lines;
    this.older = direction === "backward" ? found.rest : null;
    this.newer = direction === "forward" ? found.rest : null;
    this.#note(found);
  }

  /** The lines around a moment of a range. */
  async beginAt({ nano, start, end, limit }) {
    const half = Math.max(Math.ceil(limit / 2), 1);
    const [before, after] = await Promise.all([
      page(this.#ask, { start, end: nano, limit: half, direction: "backward" }),
      page(this.#ask, { start: nano, end, limit: half, direction: "forward" }),
    ]);
    this.lines = before.lines.concat(after.lines);
    this.older = before.rest;
    this.newer = after.rest;
    this.#note(before);
    this.#note(after);
  }

  /**
   * The next page at one end.
   * @param {"older"|"newer"} side
   * @returns {Promise<number>} how many lines came
   */
  async extend(side, limit) {
    const rest = this[side];
    if (!rest) return 0;
    const direction = side === "older" ? "backward" : "forward";
    const found = await page(this.#ask, { ...rest, limit: Math.min(limit, MOST_LINES), direction });
    this[side] = found.rest;
    this.lines = side === "older" ? found.lines.concat(this.lines) : this.lines.concat(found.lines);
    this.#note(found);
    this.#shorten(side === "older" ? "newer" : "older");
    return found.lines.length;
  }

  /**
   * Lines that have just been written. They count as following those that are here.
   * @returns {object[]} those that were not here yet
   */
  add(lines) {
    const from = lines.reduce((least, line) => (byTime(line, least) < 0 ? line : least), lines[0]);
    const known = [];
    for (let i = this.lines.length - 1; i >= 0 && from && byTime(this.lines[i], from) >= 0; i -= 1) {
      known.push(this.lines[i]);
    }
    // What lies in a part that is not loaded yet comes when that is loaded.
    const fresh = onlyNew(known, lines).filter(({ nano }) =>
      (!this.older || BigInt(nano) >= this.older.end) && (!this.newer || BigInt(nano) < this.newer.start)
    );
    this.lines = merged(this.lines, fresh);
    this.#shorten("older");
    return fresh;
  }

  /** Only these lines, the newest; all that is before them can be loaded. */
  restart(lines, start) {
    this.lines = lines;
    this.newer = null;
    this.older = lines.length ? { start, end: BigInt(lines[0].nano) } : null;
  }

  /** Lets lines go at one end when there are too many: whole nanoseconds, so that they can be loaded again exactly. */
  #shorten(side) {
    let surplus = this.lines.length - this.#most;
    if (surplus <= 0) return;
    if (side === "older") {
      while (surplus < this.lines.length && this.lines[surplus].nano === this.lines[surplus - 1].nano) surplus += 1;
      if (surplus >= this.lines.length) return;
      const gone = BigInt(this.lines[0].nano);
      this.lines = this.lines.slice(surplus);
      this.older = { start: min(this.older?.start, gone), end: BigInt(this.lines[0].nano) };
    } else {
      let kept = this.lines.length - surplus;
      while (kept > 0 && this.lines[kept - 1].nano === this.lines[kept].nano) kept -= 1;
      if (kept === 0) return;
      const gone = BigInt(this.lines.at(-1).nano) + 1n;
      this.newer = { start: BigInt(this.lines[kept].nano), end: max(this.newer?.end, gone) };
      this.lines = this.lines.slice(0, kept);
    }
  }

  #note({ cut }) {
    if (cut !== null) this.cut.push(cut);
  }
}

function min(one, other) {
  return one !== undefined && one < other ? one : other;
}

function max(one, other) {
  return one !== undefined && one > other ? one : other;
}
