/** The Logs page: a question, how many lines answer it, and the lines themselves, also live. */
import { exploreAddress, toGrafanaExplore } from "../addresses.js";
import { labelValues } from "../data/loki.js";
import { queryEditor } from "../editor/query_editor.js";
import { clock, dateTime } from "../format/time.js";
import { formatValue } from "../format/units.js";
import { asJsonLines, asText, save } from "../logs/download.js";
import { fieldsPanel } from "../logs/fields_panel.js";
import { filtersForm } from "../logs/filters_form.js";
import { logList } from "../logs/list.js";
import { nanoOf, parametersOf, readState } from "../logs/page_state.js";
import { patternsPanel } from "../logs/patterns_panel.js";
import { isLogQuery, selectorOf, withCondition, withPattern } from "../logs/query_text.js";
import { PAGE_LINES, Session } from "../logs/session.js";
import { toolbar } from "../logs/toolbar.js";
import { wholeBars } from "../logs/volume.js";
import { volumePanel } from "../logs/volume_panel.js";
import { h, replace } from "../ui/dom.js";
import { emptyState, errorState, loading } from "../ui/states.js";
import { toast } from "../ui/toast.js";

export const usesTime = true;
export const defaultRefresh = 0;

/** Milliseconds between two looks at what is not an event: the rate, and the bars while lines come live. */
const TICK = 1000;
const TICKS_PER_COUNT = 5;

/** A Loki that did not answer is asked again after so long. */
const RETRY = 5000;

export function mount(root, context) {
  const page = new LogsPage(root, context);
  return { unmount: () => page.destroy() };
}

class LogsPage {
  #context;
  #state;
  #session;
  #counted = null;
  #parts = {};
  #panel = null;
  #places;
  #timers = [];
  #retry = null;
  #ticks = 0;
  #stops = [];

  constructor(root, context) {
    this.#context = context;
    this.#state = readState(context.url);
    context.setTitle("Logs");
    this.#session = new Session({ onLines: () => this.#showLines(), onChange: () => this.#showState() });
    this.#places = this.#layOut(root);
    this.#build();
    this.#stops.push(
      context.time.onChange((reason) => this.#timeChanged(reason)),
      context.url.onChange(() => this.#addressChanged()),
    );
    this.#timers.push(setInterval(() => this.#tick(), TICK));
    this.#loadServices();
    this.#ask();
  }

  destroy() {
    this.#session.close();
    clearTimeout(this.#retry);
    this.#timers.forEach(clearInterval);
    this.#stops.forEach((stop) => stop());
    this.#panel?.destroy();
    for (const part of Object.values(this.#parts)) part.destroy?.();
  }

  #layOut(root) {
    const place = (name) => h("div", { class: name });
    const places = {
      filters: place("logs-filters"),
      editor: place("logs-editor"),
      volume: place("logs-volume"),
      bar: place("logs-bar"),
      notice: place("logs-notice"),
      newer: place("logs-edge"),
      list: place("logs-list"),
      older: place("logs-edge"),
      side: h("aside", { class: "logs-side", hidden: true }),
    };
    const { grafanaUrl } = this.#context.lab;
    const grafana = grafanaUrl &&
      h("a", {
        class: "button",
        target: "_blank",
        rel: "noopener",
        href: "#",
        onclick: (event) => {
          event.currentTarget.href = toGrafanaExplore(
            grafanaUrl,
            { source: "loki", query: this.#state.query },
            this.#context.time.texts?.(),
          );
        },
      }, "Open in Grafana");
    const explore = h("a", {
      class: "button",
      href: "#",
      onclick: (event) => {
        event.currentTarget.href = exploreAddress(
          [{ source: "loki", query: this.#state.query, view: "lines" }],
          this.#context.time.texts?.(),
        );
      },
    }, "Open in Explore");
    replace(
      root,
      h(
        "div",
        { class: "logs-page" },
        h("div", { class: "logs-head" }, h("h1", null, "Logs"), h("span", { class: "logs-links" }, explore, grafana)),
        places.filters,
        h(
          "div",
          { class: "logs-query" },
          places.editor,
          h("button", {
            type: "button",
            class: "button button-primary",
            onclick: () => this.#setQuery(this.#parts.editor.value),
          }, "Run"),
        ),
        places.volume,
        places.bar,
        places.notice,
        h(
          "div",
          { class: "logs-body" },
          h("div", { class: "logs-lines" }, places.newer, places.list, places.older),
          places.side,
        ),
      ),
    );
    return places;
  }

  #build() {
    const { query } = this.#state;
    const context = this.#context;
    this.#parts.filters = filtersForm(this.#places.filters, {
      services: servicesOf(context.lab),
      query,
      onQuery: (text) => this.#setQuery(text),
    });
    this.#parts.editor = queryEditor(this.#places.editor, {
      language: "logql",
      value: query,
      onRun: (text) => this.#setQuery(text),
      context,
    });
    this.#parts.bar = toolbar(this.#places.bar, {
      onLive: (on) => this.#setLive(on),
      onPause: () => this.#session.feed.pause("asked"),
      onResume: () => this.#resume(),
      onWrap: () => this.#change({ wrap: !this.#state.wrap }),
      onDirection: () => this.#setDirection(),
      onPanel: (name) => this.#change({ panel: this.#state.panel === name ? null : name }),
      onColumn: (name) => this.#change({ columns: this.#state.columns.filter((one) => one !== name) }),
      downloads: () => this.#downloads(),
    });
    this.#parts.list = logList(this.#places.list, {
      ...this.#listOptions(),
      context,
      opened: this.#state.line,
      onFilter: (name, value, operator, detail) => this.#setQuery(withCondition(this.#state.query, detail, operator)),
      onColumns: (columns) => this.#change({ columns }),
      onOpen: (line) => this.#change({ line }),
      onMove: () => this.#moved(),
    });
    this.#showPanel();
  }

  #listOptions() {
    const { wrap, direction, columns, query, line } = this.#state;
    return {
      wrap,
      columns,
      query,
      newestFirst: direction === "backward",
      marked: line,
      withDate: undefined,
      empty: this.#emptyNode(),
    };
  }

  // What is asked

  #setQuery(query) {
    const text = query.trim();
    this.#change({ query: text, line: null }, { push: text !== this.#state.query });
    this.#ask();
  }

  #setDirection() {
    this.#change({ direction: this.#state.direction === "backward" ? "forward" : "backward" });
    // With all lines there only their order changes.
    const { view, feed } = this.#session;
    if (!feed.running && (view.older || view.newer)) this.#ask();
  }

  #setLive(on) {
    this.#change({ live: on, line: null });
    const range = this.#context.time.range();
    if (on && !range.relative) {
      this.#context.time.set({ from: "now-15m", to: "now" });
      return;
    }
    this.#ask();
  }

  #change(changes, { push = false } = {}) {
    this.#state = { ...this.#state, ...changes };
    this.#context.url.set(parametersOf(this.#state), { push });
    this.#showOptions(changes);
  }

  #addressChanged() {
    const before = this.#state;
    this.#state = readState(this.#context.url);
    this.#showOptions(this.#state);
    this.#parts.list.setOptions({ opened: this.#state.line });
    if (
      ["query", "live"].some((name) => before[name] !== this.#state[name]) ||
      (this.#state.line && !this.#session.has(this.#state.line))
    ) this.#ask();
  }

  #showOptions(changes) {
    if ("query" in changes) {
      this.#parts.editor.value = this.#state.query;
      this.#parts.filters.setQuery(this.#state.query);
    }
    if (["wrap", "direction", "columns", "query"].some((name) => name in changes)) {
      this.#parts.list.setOptions(this.#listOptions());
    }
    if ("panel" in changes) this.#showPanel();
    else if ("columns" in changes) this.#panel?.update?.(this.#session.lines, this.#state.columns);
    this.#showState();
  }

  #timeChanged(reason) {
    const range = this.#context.time.range();
    if (reason === "refresh" && range.relative) {
      this.#session.refresh(wholeBars(range).to);
      this.#count();
    } else {
      if (reason === "range" && !range.relative && this.#state.live) this.#change({ live: false });
      this.#ask();
    }
  }

  /** The range of the list and of the bars: one that moves with the clock ends between two bars. */
  #range() {
    const range = this.#context.time.range();
    return range.relative ? wholeBars(range) : { from: range.from, to: range.to };
  }

  async #ask() {
    clearTimeout(this.#retry);
    const { query, direction, live, line } = this.#state;
    this.#parts.editor.setError(null);
    if (!isLogQuery(query)) {
      this.#session.close();
      this.#showMetricQuery();
      return;
    }
    const range = this.#range();
    this.#panel?.forget?.();
    this.#count(range);
    this.#askForPatterns(range);
    await this.#session.load({ query, direction, live, ...range, nano: line ? nanoOf(line) : null });
    if (
      line && this.#state.line === line && !this.#parts.list.reveal(line) && !this.#session.error && !this.#session.busy
    ) {
      toast("The line of this link is not among the lines of this query.", { kind: "bad" });
    }
  }

  #count() {
    if (!isLogQuery(this.#state.query)) return;
    if (this.#parts.volume) {
      this.#parts.volume.refresh();
      return;
    }
    this.#parts.volume = volumePanel(this.#places.volume, {
      asked: () => ({ query: this.#state.query, ...this.#range() }),
      onZoom: (from, to) => this.#context.time.set({ from, to }),
      onCounted: (volume) => {
        this.#counted = volume;
        this.#showState();
      },
      signal: this.#context.signal,
    });
  }

  async #loadServices() {
    try {
      const { from, to } = this.#context.time.range();
      const names = await labelValues("service", { from, to, signal: this.#context.signal });
      this.#parts.filters.setServices([...new Set([...servicesOf(this.#context.lab), ...names])]);
    } catch {
      // The services that the lab knows are offered all the same.
    }
  }

  // What is shown

  #showLines() {
    this.#parts.list.update(this.#session.lines);
    if (this.#state.panel === "fields") this.#panel?.update(this.#session.lines, this.#state.columns);
  }

  #showState() {
    const { feed, busy, error, view, lines, cost } = this.#session;
    this.#parts.bar.update({ ...this.#state, feed, ...this.#status() });
    this.#places.list.setAttribute("aria-busy", String(busy));
    this.#places.list.classList.toggle("stale", error !== null && lines.length > 0);
    this.#showNotice(busy, error, lines.length === 0 && cost === null);
    const [top, bottom] = this.#state.direction === "backward" ? ["newer", "older"] : ["older", "newer"];
    this.#showEdge(this.#places.newer, top, view);
    this.#showEdge(this.#places.older, bottom, view);
    this.#places.list.hidden = lines.length === 0 && (busy || error !== null);
  }

  #showNotice(busy, error, first) {
    clearTimeout(this.#retry);
    // A query that is not understood is told once, at its place.
    this.#places.volume.hidden = error?.kind === "bad query";
    if (error === null) {
      const waits = busy && first;
      if (this.#places.notice.dataset.kind === String(waits)) return;
      this.#places.notice.dataset.kind = String(waits);
      replace(this.#places.notice, waits ? loading("Looking for the lines") : null);
      return;
    }
    this.#places.notice.dataset.kind = "error";
    if (error.kind === "bad query" || error.position) this.#parts.editor.setError(error);
    replace(this.#places.notice, errorState(error, { retry: () => this.#ask() }));
    if (["unreachable", "timeout", "server"].includes(error.kind)) this.#retry = setTimeout(() => this.#ask(), RETRY);
  }

  #showMetricQuery() {
    this.#places.notice.dataset.kind = "metric";
    this.#places.list.hidden = true;
    const address = exploreAddress(
      [{ source: "loki", query: this.#state.query, view: "graph" }],
      this.#context.time.texts?.(),
    );
    replace(
      this.#places.notice,
      emptyState("This query counts lines; it does not answer lines.", h("a", { href: address }, "Draw it in Explore")),
    );
  }

  #showEdge(place, side, view) {
    const rest = view[side];
    const cut = view.cut.length && side === "older"
      ? `Of ${view.cut.length} moments Loki gives only 5,000 lines each; more have the same nanosecond. `
      : "";
    const key = rest ? `${this.#session.busy} ${cut}` : cut;
    if (place.dataset.key === key) return;
    place.dataset.key = key;
    replace(
      place,
      cut && h("p", { class: "log-note" }, cut),
      rest &&
        h("button", {
          type: "button",
          class: "button button-quiet log-more",
          disabled: this.#session.busy,
          onclick: () => this.#session.extend(side),
        }, `Load ${PAGE_LINES.toLocaleString("en")} ${side} lines`),
    );
  }

  #status() {
    const { lines, cost, asked, busy } = this.#session;
    if (!asked || (busy && cost === null)) return { status: "" };
    const shown = lines.length.toLocaleString("en");
    const counted = this.#counted;
    const here = counted && counted.from === asked.from ? Math.round(counted.total) : null;
    const all = here === null || here <= lines.length
      ? `${shown} ${lines.length === 1 ? "line" : "lines"}`
      : `${shown} of ${here.toLocaleString("en")} lines`;
    const read = cost ? `, ${formatValue(cost.bytes, "decbytes", 1)} read in ${formatValue(cost.seconds, "s", 0)}` : "";
    const span = lines.length ? `, from ${clock(lines[0].time)} to ${clock(lines.at(-1).time)}` : "";
    const title = lines.length
      ? `From ${dateTime(lines[0].time)} to ${dateTime(lines.at(-1).time)}. What Loki read for the first page.`
      : "";
    return { status: `${all}${read}${span}`, statusTitle: title };
  }

  #emptyNode() {
    const { from, to } = this.#context.time.range();
    const wider = { from: to - (to - from) * 4, to };
    return emptyState(
      `No line of this kind between ${clock(from)} and ${clock(to)}.`,
      h(
        "span",
        null,
        "Look at ",
        h(
          "button",
          { type: "button", class: "log-action", onclick: () => this.#context.time.set(wider) },
          "four times as long",
        ),
        ", or ask for less in the query.",
      ),
    );
  }

  #showPanel() {
    const { panel } = this.#state;
    const { side } = this.#places;
    this.#panel?.destroy();
    this.#panel = null;
    side.hidden = panel === null;
    replace(side);
    if (panel === null) return;
    const body = h("div", { class: "logs-side-body" });
    const title = panel === "fields" ? "Fields of the lines" : "Patterns";
    side.setAttribute("aria-label", title);
    replace(side, h("h2", null, title), body);
    if (panel === "fields") {
      this.#panel = fieldsPanel(body, {
        onFilter: (name, value, operator, detail) => this.#setQuery(withCondition(this.#state.query, detail, operator)),
        onColumns: (columns) => this.#change({ columns }),
        asked: () => ({ query: this.#state.query, ...this.#range() }),
      });
      this.#panel.update(this.#session.lines, this.#state.columns);
    } else {
      this.#panel = patternsPanel(body, {
        onPattern: (pattern, keep) => this.#setQuery(withPattern(this.#state.query, pattern, keep)),
      });
      this.#askForPatterns(this.#range());
    }
  }

  #askForPatterns(range) {
    if (this.#state.panel === "patterns") this.#panel?.update({ selector: selectorOf(this.#state.query), ...range });
  }

  // Live

  #tick() {
    if (!this.#session.feed.running || document.hidden) return;
    this.#ticks += 1;
    this.#showState();
    if (this.#ticks % TICKS_PER_COUNT === 0) this.#count();
  }

  #moved() {
    const { feed } = this.#session;
    if (!feed.running) return;
    const there = this.#parts.list.isAtNewest();
    if (!there) feed.pause("scrolled");
    else if (feed.paused === "scrolled") feed.resume();
  }

  #resume() {
    this.#session.feed.resume();
    this.#parts.list.goToNewest();
  }

  #downloads() {
    const { lines } = this.#session;
    const name = `lines-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}`;
    const count = lines.length.toLocaleString("en");
    return [
      {
        text: `${count} lines as text`,
        hint: ".log",
        onSelect: () => save(asText(lines), `${name}.log`, "text/plain"),
      },
      {
        text: `${count} lines as JSON lines`,
        hint: ".jsonl",
        onSelect: () => save(asJsonLines(lines), `${name}.jsonl`, "application/x-ndjson"),
      },
    ];
  }
}

function servicesOf(lab) {
  return (lab.systems ?? []).flatMap(({ services }) => services.map(({ name }) => name));
}
