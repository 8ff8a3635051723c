/**
 * The lines of one question, and what happens to them: loaded from an end of the range or around a line, more at both
 * ends, followed live. No element of the page is touched here.
 */
import { LinesInView } from "./lines_in_view.js";
import { Live } from "./live.js";
import { lineId } from "./order.js";
import { everyLine } from "./paging.js";
import { linesOfQuery, nanosOf } from "./source.js";

/** Lines of one page. */
export const PAGE_LINES = 1000;

/** Milliseconds in which live lines are gathered before they are shown. */
const GATHER = 200;

/** Seconds by which lines may come late. */
const LATE = 20;

export class Session {
  /** @type {LinesInView} */
  view = new LinesInView(() => Promise.resolve([]));
  /** What Loki said of its work for the first page: {bytes, seconds}. */
  cost = null;
  error = null;
  busy = false;
  feed;
  #events;
  #leaving = new AbortController();
  #asked = null;
  #makeAsk;
  #gathered = [];
  #showing = null;

  /**
   * @param {{onLines: () => void, onChange: () => void}} events
   * @param {(query: string, options: object) => Function} makeAsk
   */
  constructor(events, makeAsk = linesOfQuery) {
    this.#events = events;
    this.#makeAsk = makeAsk;
    this.feed = new Live({
      onLines: (lines) => this.#came(lines),
      onFresh: (lines) => {
        this.view.restart(lines, this.#asked.start);
        events.onLines();
      },
      onGap: () => this.load(this.#asked),
      onChange: () => events.onChange(),
    });
  }

  get lines() {
    return this.view.lines;
  }

  /** What is asked: {query, from, to, direction, live, line}; times in unix seconds. */
  get asked() {
    return this.#asked;
  }

  /**
   * Asks anew. Lines that are there stay until the answer comes.
   * @param {{query: string, from: number, to: number, direction: string, live: boolean, nano?: bigint|null}} asked
   */
  async load(asked) {
    this.#leaving.abort();
    this.#stopFollowing();
    // What was wrong with another query says nothing about this one; a Loki that is away may still be.
    if (asked.query !== this.#asked?.query) this.error = null;
    const leaving = (this.#leaving = new AbortController());
    // Counting bars tell lines with from < time <= to: so does the list.
    this.#asked = { ...asked, start: nanosOf(asked.from) + 1n, end: nanosOf(asked.to) + 1n };
    this.busy = true;
    this.#events.onChange();
    let cost = null;
    const ask = this.#makeAsk(asked.query, {
      signal: leaving.signal,
      onStats: (stats) => (cost ??= { bytes: stats.totalBytesProcessed ?? 0, seconds: stats.execTime ?? 0 }),
    });
    const view = new LinesInView(ask);
    const { start, end } = this.#asked;
    try {
      if (asked.nano !== null && asked.nano !== undefined) {
        await view.beginAt({
          nano: asked.nano,
          start: least(start, asked.nano),
          end: greatest(end, asked.nano + 1n),
          limit: PAGE_LINES,
        });
      } else {
        // Live lines follow the newest ones, whichever come first on the page.
        // One more than shown, for the last nanosecond of a full answer is left to the next page.
        await view.begin({ start, end, limit: PAGE_LINES + 1, direction: asked.live ? "backward" : asked.direction });
      }
      if (leaving.signal.aborted) return;
      Object.assign(this, { view, cost, error: null, busy: false });
      if (asked.live) this.#follow(ask);
      this.#events.onLines();
    } catch (error) {
      if (leaving.signal.aborted) return;
      Object.assign(this, { error, busy: false });
    }
    this.#events.onChange();
  }

  /** The next page at an end. */
  async extend(side) {
    const { view } = this;
    this.busy = true;
    this.#events.onChange();
    try {
      await view.extend(side, PAGE_LINES + 1);
      this.error = null;
    } catch (error) {
      if (!this.#leaving.signal.aborted) this.error = error;
    }
    this.busy = false;
    if (view === this.view) this.#events.onLines();
    this.#events.onChange();
  }

  /**
   * What came since, without touching what is there.
   * @param {{from: number, to: number}} range as it is now
   */
  async refresh({ from, to }) {
    const { view } = this;
    if (!this.#asked || this.busy || this.feed.running || view.newer) return;
    const { query } = this.#asked;
    this.#asked = { ...this.#asked, from, to, end: nanosOf(to) + 1n };
    const newest = view.lines.at(-1)?.nano;
    const overlapping = newest === undefined ? this.#asked.start : BigInt(newest) - BigInt(LATE) * 1_000_000_000n;
    try {
      const ask = this.#makeAsk(query, { signal: this.#leaving.signal });
      const { lines } = await everyLine(ask, { start: greatest(overlapping, this.#asked.start), end: this.#asked.end });
      if (view !== this.view) return;
      this.error = null;
      if (lines.length) view.add(lines);
      this.#events.onLines();
    } catch (error) {
      if (!this.#leaving.signal.aborted) this.error = error;
    }
    this.#events.onChange();
  }

  /** Whether a line of this id is loaded. */
  has(id) {
    return this.lines.some((line) => lineId(line) === id);
  }

  close() {
    this.#leaving.abort();
    this.#stopFollowing();
  }

  #stopFollowing() {
    this.feed.stop();
    clearTimeout(this.#showing);
    this.#showing = null;
    this.#gathered = [];
  }

  #follow(ask) {
    const { view } = this;
    this.feed.start(this.#asked.query, {
      ask,
      known: view.lines,
      since: view.older ? view.older.end : this.#asked.start,
    });
  }

  /** A few times a second is often enough for an eye. */
  #came(lines) {
    this.#gathered.push(...lines);
    this.#showing ??= setTimeout(() => {
      const gathered = this.#gathered.splice(0);
      this.#showing = null;
      if (this.view.add(gathered).length) this.#events.onLines();
    }, GATHER);
  }
}

function least(one, other) {
  return one < other ? one : other;
}

function greatest(one, other) {
  return one > other ? one : other;
}
