/** Live lines for a list: shown as they come, or kept waiting while somebody reads. */
import { follow } from "./follow.js";
import { merged } from "./order.js";

/** Lines that wait, at most; then the oldest of them are let go, and counted. */
export const MOST_WAITING = 5000;

/** Seconds over which the rate is taken. */
const RATE_SECONDS = 10;

export class Live {
  /** "off", or as of follow.js. */
  state = "off";
  /** What there is to say about the state. */
  message = "";
  /** Why lines wait: "asked", "scrolled", or null when they do not. */
  paused = null;
  /** Lines that were let go while they waited. */
  letGo = 0;
  #waiting = [];
  #arrivals = [];
  #events;
  #follower = null;
  #begun = 0;

  /**
   * @param {{onLines: (lines: object[]) => void, onFresh: (lines: object[]) => void, onChange: () => void,
   *   onGap: () => void}} events `onFresh` gets lines that follow a hole: those before them were let go
   */
  constructor(events) {
    this.#events = events;
  }

  /** @param {{ask: Function, known: object[], since: bigint}} from as of follow.js */
  start(query, from) {
    this.stop();
    this.#begun = Date.now();
    this.#follower = follow(query, {
      ...from,
      onLines: (lines) => this.#arrived(lines),
      onState: (state, { message = "" }) => {
        this.state = state;
        this.message = message;
        this.#events.onChange();
      },
      onGap: () => this.#events.onGap(),
    });
  }

  stop() {
    this.#follower?.close();
    this.#follower = null;
    this.state = "off";
    this.message = "";
    this.paused = null;
    this.letGo = 0;
    this.#waiting = [];
    this.#arrivals = [];
  }

  get running() {
    return this.#follower !== null;
  }

  get waiting() {
    return this.#waiting.length;
  }

  /** Lines a second, lately. */
  rate(now = Date.now()) {
    const since = now - RATE_SECONDS * 1000;
    while (this.#arrivals.length && this.#arrivals[0].at < since) this.#arrivals.shift();
    const lines = this.#arrivals.reduce((sum, { count }) => sum + count, 0);
    const seconds = Math.min(Math.max((now - this.#begun) / 1000, 1), RATE_SECONDS);
    return lines / seconds;
  }

  /** @param {"asked"|"scrolled"} reason */
  pause(reason) {
    if (!this.running || this.paused === "asked") return;
    this.paused = reason;
    this.#events.onChange();
  }

  resume() {
    if (this.paused === null) return;
    const [waiting, letGo] = [this.#waiting, this.letGo];
    this.paused = null;
    this.letGo = 0;
    this.#waiting = [];
    if (letGo) this.#events.onFresh(waiting);
    else if (waiting.length) this.#events.onLines(waiting);
    this.#events.onChange();
  }

  #arrived(lines) {
    this.#arrivals.push({ at: Date.now(), count: lines.length });
    if (this.paused === null) {
      this.#events.onLines(lines);
    } else {
      this.#waiting = merged(this.#waiting, lines);
      this.#shorten();
    }
    this.#events.onChange();
  }

  /** Whole nanoseconds, so that what was let go can be loaded again exactly. */
  #shorten() {
    let surplus = this.#waiting.length - MOST_WAITING;
    if (surplus <= 0) return;
    while (surplus < this.#waiting.length && this.#waiting[surplus].nano === this.#waiting[surplus - 1].nano) {
      surplus += 1;
    }
    this.letGo += surplus;
    this.#waiting = this.#waiting.slice(surplus);
  }
}
