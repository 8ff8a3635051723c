/**
 * Following a query live, so that no line is lost and none comes twice.
 *
 * Loki's WebSocket is quick and forgets: what comes while it is away, or while it is too slow, is not sent again. So
 * whenever it has been opened, and from time to time, the last seconds are asked for as well, and what did not come is
 * handed on. Where there is no WebSocket, asking alone does it, every two seconds.
 */
import { linesOf } from "../data/loki.js";
import { identityOf, oldestFirst } from "./order.js";
import { everyLine } from "./paging.js";

const SECOND = 1_000_000_000n;

/** Lines may arrive later than others that are younger: so far back is looked. */
const OVERLAP = 20n * SECOND;

/** A line may be stamped by a clock that is ahead. */
const AHEAD = 60n * SECOND;

/** Milliseconds. */
const POLL = 2000;
const FIRST_CHECK = 1500;
const CHECK = 30_000;
const WEBSOCKET_AGAIN = 30_000;
const PAUSES = [500, 1000, 2000, 4000];

/** Identities of lines that are remembered, at most. */
const MOST_REMEMBERED = 50_000;

/** Lines that one catching up reads, at most: more is better loaded as a range. */
const MOST_CAUGHT_UP = 20_000;

/**
 * @typedef {"connecting"|"live"|"polling"|"lost"} FollowState
 *
 * @param {string} query LogQL
 * @param {{ask: Function, known: object[], since: bigint, onLines: (lines: object[]) => void,
 *   onState: (state: FollowState, detail: {message?: string, error?: Error}) => void,
 *   onGap?: (since: bigint) => void, open?: (query: string, start: bigint) => WebSocket, now?: () => bigint}} options
 *   `ask` as of paging.js; `known` lines that are there already, all from `since` on; `onGap` when so much came in the
 *   meantime that it is not handed on; `onLines` gets new lines, oldest first
 * @returns {{close: () => void}}
 */
export function follow(query, options) {
  const follower = new Follower(query, options);
  follower.run();
  return { close: () => follower.close() };
}

class Follower {
  #query;
  #options;
  #closed = new AbortController();
  #socket = null;
  #seen = new Map();
  #newest;
  #failures = 0;
  #state = "";
  #checking = null;
  #again = false;

  constructor(query, options) {
    this.#query = query;
    this.#options = { open: openWebSocket, now: () => BigInt(Date.now()) * 1_000_000n, onGap: () => {}, ...options };
    this.#newest = options.since;
    for (const line of options.known) this.#remember(line);
  }

  close() {
    this.#closed.abort();
    this.#socket?.close();
  }

  /** Asks first: that tells a Loki that is away from a WebSocket that cannot be had. */
  async run() {
    let refusals = 0;
    while (!this.#closed.signal.aborted) {
      if (this.#state !== "polling") this.#say("connecting");
      const error = await this.#check();
      if (this.#closed.signal.aborted) return;
      if (error) {
        this.#say("lost", { error, message: error.message });
        // A query that Loki does not take will not be taken later either.
        if (error.kind === "bad query") return;
        await this.#sleep(PAUSES[Math.min(this.#failures, PAUSES.length - 1)]);
        this.#failures += 1;
        continue;
      }
      this.#failures = 0;
      const { lasted, reason } = await this.#listen();
      if (this.#closed.signal.aborted) return;
      if (lasted) {
        refusals = 0;
        continue;
      }
      refusals += 1;
      if (refusals >= 2) await this.#poll(reason);
    }
  }

  /** Until the WebSocket ends. `lasted` when it was one. */
  #listen() {
    return new Promise((resolve) => {
      let socket;
      let opened = false;
      const timers = [];
      const begun = Date.now();
      const done = (reason) => {
        timers.forEach(clearTimeout);
        this.#socket = null;
        // One that is closed at once was none: our own server opens before it knows whether Loki does.
        resolve({ lasted: opened && Date.now() - begun > 1000, reason });
      };
      try {
        socket = this.#options.open(this.#query, this.#newest > OVERLAP ? this.#newest - OVERLAP : 0n);
      } catch (error) {
        done(error.message);
        return;
      }
      this.#socket = socket;
      socket.onopen = () => {
        opened = true;
        timers.push(setTimeout(() => {
          this.#say("live");
          this.#check();
        }, FIRST_CHECK / 3));
        const check = (wait) =>
          timers.push(setTimeout(() => {
            this.#check();
            check(CHECK);
          }, wait));
        check(FIRST_CHECK);
      };
      socket.onmessage = ({ data }) => {
        this.#say("live");
        const message = JSON.parse(data);
        this.#hand(linesOf(message.streams ?? [], "forward"));
        // Loki says when it left lines out for a reader that was too slow: they are there to be asked for.
        if (message.dropped_entries?.length) this.#check();
      };
      socket.onclose = (event) => done(event?.reason);
    });
  }

  /** For a while; then a WebSocket is tried again. */
  async #poll(reason) {
    const until = Date.now() + WEBSOCKET_AGAIN;
    this.#say("polling", { message: reason });
    while (!this.#closed.signal.aborted && Date.now() < until) {
      await this.#sleep(POLL);
      const error = await this.#check();
      if (this.#closed.signal.aborted) return;
      if (error) return;
    }
  }

  /** Asks for what may have been missed. One at a time; who comes in between is served by one more. */
  async #check() {
    if (this.#checking) {
      this.#again = true;
      return this.#checking;
    }
    this.#checking = this.#ask();
    try {
      return await this.#checking;
    } finally {
      this.#checking = null;
      if (this.#again && !this.#closed.signal.aborted) {
        this.#again = false;
        this.#check();
      }
    }
  }

  async #ask() {
    const start = this.#newest - OVERLAP > this.#options.since ? this.#newest - OVERLAP : this.#options.since;
    try {
      const { lines, complete } = await everyLine(this.#options.ask, {
        start,
        end: this.#options.now() + AHEAD,
        most: MOST_CAUGHT_UP,
      });
      if (this.#closed.signal.aborted) return null;
      if (!complete && lines.length >= MOST_CAUGHT_UP) this.#options.onGap(start);
      this.#hand(lines);
      return null;
    } catch (error) {
      return error;
    }
  }

  #hand(lines) {
    const fresh = oldestFirst(lines).filter((line) => BigInt(line.nano) >= this.#options.since && this.#remember(line));
    if (fresh.length && !this.#closed.signal.aborted) this.#options.onLines(fresh);
  }

  /** Whether a line is seen for the first time. */
  #remember(line) {
    const identity = identityOf(line);
    if (this.#seen.has(identity)) return false;
    const nano = BigInt(line.nano);
    this.#seen.set(identity, nano);
    const latest = this.#options.now() + AHEAD;
    if (nano > this.#newest && nano <= latest) this.#newest = nano;
    if (this.#seen.size > 2 * MOST_REMEMBERED) this.#forget();
    return true;
  }

  /** What is older than anybody will ask for again; and if that is not enough, the oldest half. */
  #forget() {
    const horizon = this.#newest - 2n * OVERLAP;
    for (const [identity, nano] of this.#seen) if (nano < horizon) this.#seen.delete(identity);
    if (this.#seen.size <= MOST_REMEMBERED) return;
    const kept = [...this.#seen].sort((one, other) => (one[1] < other[1] ? -1 : 1)).slice(-MOST_REMEMBERED);
    this.#seen = new Map(kept);
    // Below this nothing is remembered, so nothing below it is taken again.
    this.#options.since = kept[0][1] + 1n;
  }

  #say(state, detail = {}) {
    if (state === this.#state && !detail.error) return;
    this.#state = state;
    if (!this.#closed.signal.aborted) this.#options.onState(state, detail);
  }

  #sleep(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#closed.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}

function openWebSocket(query, start) {
  const address = new URL("/api/loki/loki/api/v1/tail", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.search = new URLSearchParams({ query, start: String(start), limit: "1000" });
  return new WebSocket(address);
}
