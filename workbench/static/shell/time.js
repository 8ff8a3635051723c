/** The time range and the refresh of a page: read from the address, written to it, and ticking. */

import { allTrouble, onHealth } from "../data/health.js";
import { timeInAddress } from "../addresses.js";
import { parseRange, rangeText } from "../format/time_range.js";

const DEFAULTS = { from: "now-15m", to: "now", refresh: 0 };

/** While nothing answers the refresh gets slower, up to this. In seconds. */
const LONGEST_PAUSE = 60;

/** Without a refresh "now" holds for this long, so that the parts of a page ask about the same time. In seconds. */
const SAME_MOMENT = 1;

/** After an API came back its next question waits a little: the others may come back, too. In seconds. */
const RECOVERY_SECONDS = 0.5;

export class Time {
  #url;
  #defaults = DEFAULTS;
  #listeners = new Set();
  #now = 0;
  #timer = null;
  #pause = 0;
  #due = false;
  #seen = "";

  /** @param {import("./url_state.js").UrlState} url */
  constructor(url) {
    this.#url = url;
    this.#freshen();
    url.onChange(() => this.#addressChanged());
    document.addEventListener("visibilitychange", () => this.#visible());
    onHealth((backend, error, first) => error === null && !first && this.#recovered());
  }

  /**
   * The range of now. Relative ends are those of the last refresh, so that all parts of a page agree.
   *
   * @returns {{from: number, to: number, relative: boolean, text: string}} unix seconds
   */
  range() {
    const now = Date.now() / 1000;
    if (this.refreshSeconds === 0 && now - this.#now > SAME_MOMENT) {
      this.#freshen();
    }
    const { from, to } = this.texts();
    const parsed = parseRange(from, to, this.#now);
    return { ...parsed, text: rangeText(from, to, this.#now) };
  }

  /** The range as it stands in the address: {from, to} of "now-15m" and its like, or unix milliseconds as text. */
  texts() {
    const from = this.#url.get("from") ?? this.#defaults.from;
    const to = this.#url.get("to") ?? this.#defaults.to;
    const { from: start, to: end } = this.#defaults;
    // An address that makes no sense is not a reason to show nothing.
    return "error" in parseRange(from, to, this.#now) ? { from: start, to: end } : { from, to };
  }

  /** Whether the address names a range, so that it is not the page's own. */
  get chosen() {
    return this.#url.get("from") !== null || this.#url.get("to") !== null;
  }

  /**
   * Another range, for the whole page; "back" undoes it.
   *
   * @param {{from: string|number, to: string|number}} range relative texts or unix seconds
   */
  set({ from, to }) {
    this.#url.set({ from: timeInAddress(from), to: timeInAddress(to) }, { push: true });
    this.#changed("range");
  }

  /** Seconds between two refreshes; 0: none. */
  get refreshSeconds() {
    const told = this.#url.get("refresh");
    const seconds = told === null ? this.#defaults.refresh : Number(told);
    return Number.isFinite(seconds) && seconds > 0 ? Math.max(seconds, 1) : 0;
  }

  setRefresh(seconds) {
    this.#url.set({ refresh: seconds === this.#defaults.refresh ? null : seconds });
    this.#pause = 0;
    this.#schedule();
    this.#tell("refresh setting");
  }

  /** Whether the next refresh is put off because nothing answers. */
  get backingOff() {
    return this.#pause > this.refreshSeconds && this.refreshSeconds > 0;
  }

  /** Asks everything again, now. */
  refresh() {
    this.#pause = 0;
    this.#changed("manual");
  }

  /**
   * What holds where the address says nothing: of the page, or of the dashboard that it shows.
   *
   * @param {{from?: string, to?: string, refresh?: number}} defaults
   */
  setDefaults(defaults) {
    const before = JSON.stringify([this.texts(), this.refreshSeconds]);
    this.#defaults = { ...DEFAULTS, ...defaults };
    this.#seen = this.#inAddress();
    if (before !== JSON.stringify([this.texts(), this.refreshSeconds])) {
      this.#changed("range");
    } else {
      // A page begins: also a refresh that the address names has to be begun.
      this.#schedule();
    }
  }

  /**
   * Calls fn(reason) when the page is to ask again: "range" another range, "refresh" time went on, "manual" somebody
   * wants it. Returns what ends that.
   */
  onChange(fn) {
    const heard = (reason) => reason !== "refresh setting" && fn(reason);
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  /** As onChange, for the header: also when only the refresh was set. */
  onAnyChange(fn) {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  #changed(reason) {
    this.#seen = this.#inAddress();
    this.#freshen();
    this.#schedule();
    this.#tell(reason);
  }

  #tell(reason) {
    for (const listener of [...this.#listeners]) {
      listener(reason);
    }
  }

  #freshen() {
    this.#now = Date.now() / 1000;
  }

  #inAddress() {
    return ["from", "to", "refresh"].map((name) => this.#url.get(name)).join(" ");
  }

  #addressChanged() {
    if (this.#inAddress() !== this.#seen) {
      this.#changed("range");
    }
  }

  #schedule() {
    clearTimeout(this.#timer);
    this.#due = false;
    // Of a time that is over nothing new is heard.
    if (this.refreshSeconds === 0 || !this.range().relative) {
      return;
    }
    this.#pause = allTrouble()
      ? Math.min(Math.max(this.#pause * 2, this.refreshSeconds), LONGEST_PAUSE)
      : this.refreshSeconds;
    this.#timer = setTimeout(() => this.#tick(), this.#pause * 1000);
  }

  #tick() {
    // Nobody looks: the next refresh waits for somebody.
    if (document.hidden) {
      this.#due = true;
      return;
    }
    this.#freshen();
    this.#schedule();
    this.#tell("refresh");
  }

  /** What an API could not say while it was away is asked once more, also by pages that do not refresh. */
  #recovered() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), RECOVERY_SECONDS * 1000);
  }

  #visible() {
    if (!document.hidden && this.#due) {
      this.#tick();
    }
  }
}
