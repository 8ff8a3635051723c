/** The Logs page: a question, how many lines answer it, and the lines themselves, also live. */
import { toGrafanaExplore } from "../grafana_addresses.js";
import { labelValues } from "../data/loki.js";
import { queryEditor } from "../editor/query_editor.js";
import { asJsonLines, asText } from "../logs/download.js";
import { filtersForm } from "../logs/filters_form.js";
import { logList } from "../logs/list.js";
import { layOut } from "../logs/page_layout.js";
import { nanoOf, parametersOf, readState } from "../logs/page_state.js";
import { countsLines, edgeOf, nothingFound, statusOf } from "../logs/page_words.js";
import { isLogQuery, withCondition, withPattern } from "../logs/query_text.js";
import { Session } from "../logs/session.js";
import { sidePanel } from "../logs/side_panel.js";
import { toolbar } from "../logs/toolbar.js";
import { wholeBars } from "../logs/volume.js";
import { volumePanel } from "../logs/volume_panel.js";
import { replace } from "../ui/dom.js";
import { saveFile } from "../ui/save_file.js";
import { errorState, loading } from "../ui/states.js";
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
  #places;
  #lead;
  #filters;
  #editor;
  #bar;
  #list;
  #side;
  #volume = null;
  #timer;
  #retry = null;
  #ticks = 0;
  #stops;

  constructor(root, context) {
    this.#context = context;
    this.#state = readState(context.url);
    context.setTitle("Logs");
    this.#session = new Session({ onLines: () => this.#showLines(), onChange: () => this.#showState() });
    const { places, lead } = layOut(root, { onRun: () => this.#setQuery(this.#editor.value) });
    this.#places = places;
    this.#lead = lead;
    this.#build();
    this.#stops = [
      context.time.onChange((reason) => this.#timeChanged(reason)),
      context.url.onChange(() => this.#addressChanged()),
    ];
    this.#timer = setInterval(() => this.#tick(), TICK);
    this.#loadServices();
    this.#ask();
  }

  destroy() {
    clearTimeout(this.#retry);
    clearInterval(this.#timer);
    this.#stops.forEach((stop) => stop());
    for (const part of [this.#session, this.#editor, this.#list, this.#side, this.#volume]) {
      (part?.destroy ?? part?.close)?.call(part);
    }
  }

  #build() {
    const { query, panel } = this.#state;
    const onQuery = (text) => this.#setQuery(text);
    const onFilter = (_name, _value, operator, detail) => onQuery(withCondition(this.#state.query, detail, operator));
    const onColumns = (columns) => this.#change({ columns });
    const [context, places] = [this.#context, this.#places];
    this.#filters = filtersForm(places.filters, { services: servicesOf(context.lab), query, onQuery });
    this.#editor = queryEditor(places.editor, { language: "logql", value: query, onRun: onQuery, context });
    this.#bar = toolbar(places.bar, {
      onLive: (on) => this.#setLive(on),
      onPause: () => this.#session.feed.pause("asked"),
      onResume: () => this.#resume(),
      onWrap: () => this.#change({ wrap: !this.#state.wrap }),
      onDirection: () => this.#setDirection(),
      onPanel: (name) => this.#change({ panel: this.#state.panel === name ? null : name }),
      onColumn: (name) => this.#change({ columns: this.#state.columns.filter((one) => one !== name) }),
      downloads: () => this.#downloads(),
    });
    this.#list = logList(places.list, {
      ...this.#listOptions(),
      context,
      opened: this.#state.line,
      onFilter,
      onColumns,
      onOpen: (line) => this.#change({ line }),
      onMove: () => this.#moved(),
    });
    this.#side = sidePanel(places.side, {
      onFilter,
      onColumns,
      onPattern: (pattern, keep) => onQuery(withPattern(this.#state.query, pattern, keep)),
      asked: () => this.#asked(),
      shown: () => ({ lines: this.#session.lines, columns: this.#state.columns }),
    });
    this.#side.show(panel);
  }

  #listOptions() {
    const { wrap, direction, columns, query, line } = this.#state;
    const { from, to } = this.#context.time.range();
    const empty = nothingFound({ from, to }, () => this.#context.time.set({ from: to - (to - from) * 4, to }));
    return { wrap, columns, query, newestFirst: direction === "backward", marked: line, empty };
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
    // Asking follows from the change of the range.
    if (on && !this.#context.time.range().relative) this.#context.time.set({ from: "now-15m", to: "now" });
    else this.#ask();
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
    this.#list.setOptions({ opened: this.#state.line });
    const asksElse = before.query !== this.#state.query || before.live !== this.#state.live;
    if (asksElse || (this.#state.line && !this.#session.has(this.#state.line))) this.#ask();
  }

  #timeChanged(reason) {
    const range = this.#context.time.range();
    if (reason === "refresh" && range.relative) {
      this.#session.refresh(wholeBars(range));
      this.#count();
      return;
    }
    if (reason === "range" && !range.relative && this.#state.live) this.#change({ live: false });
    this.#ask();
  }

  /** The query, and the range of the list and of the bars: one that moves with the clock ends between two bars. */
  #asked() {
    const range = this.#context.time.range();
    return { query: this.#state.query, ...(range.relative ? wholeBars(range) : { from: range.from, to: range.to }) };
  }

  async #ask() {
    clearTimeout(this.#retry);
    const { query, direction, live, line } = this.#state;
    this.#editor.setError(null);
    this.#list.setOptions({ empty: this.#listOptions().empty });
    if (!isLogQuery(query)) {
      this.#session.close();
      this.#showMetricQuery();
      return;
    }
    this.#count();
    this.#side.ask();
    await this.#session.load({ ...this.#asked(), direction, live, nano: line ? nanoOf(line) : null });
    const { busy, error } = this.#session;
    if (!line || this.#state.line !== line || busy || error || this.#list.reveal(line)) return;
    toast("The line of this link is not among the lines of this query.", { kind: "bad" });
  }

  #count() {
    if (!isLogQuery(this.#state.query)) return;
    if (this.#volume) this.#volume.refresh();
    this.#volume ??= volumePanel(this.#places.volume, {
      asked: () => this.#asked(),
      onZoom: (from, to) => this.#context.time.set({ from, to }),
      onCounted: (volume) => {
        this.#counted = volume;
        this.#showState();
      },
      signal: this.#context.signal,
    });
  }

  async #loadServices() {
    const known = servicesOf(this.#context.lab);
    try {
      const { from, to } = this.#context.time.range();
      const names = await labelValues("service", { from, to, signal: this.#context.signal });
      this.#filters.setServices([...new Set([...known, ...names])]);
    } catch {
      // Those that the lab knows are offered all the same.
    }
  }

  // What is shown

  #showOptions(changes) {
    if ("query" in changes) {
      this.#editor.value = this.#state.query;
      this.#filters.setQuery(this.#state.query);
    }
    const ofList = ["wrap", "direction", "columns", "query"];
    if (ofList.some((name) => name in changes)) this.#list.setOptions(this.#listOptions());
    if ("panel" in changes) this.#side.show(this.#state.panel);
    if ("columns" in changes) this.#side.update();
    this.#showState();
  }

  #showLines() {
    this.#list.update(this.#session.lines);
    this.#side.update();
  }

  #showState() {
    const { feed, busy, error, lines, cost } = this.#session;
    this.#showLinks();
    this.#bar.update({ ...this.#state, feed, ...statusOf(this.#session, this.#counted) });
    this.#places.list.setAttribute("aria-busy", String(busy));
    this.#places.list.classList.toggle("stale", error !== null && lines.length > 0);
    this.#places.list.hidden = lines.length === 0 && (busy || error !== null);
    // A query that is not understood is told once, at its place.
    this.#places.volume.hidden = error?.kind === "bad query";
    this.#showNotice(error, busy && lines.length === 0 && cost === null);
    const sides = this.#state.direction === "backward" ? ["newer", "older"] : ["older", "newer"];
    this.#showEdge(this.#places.first, sides[0]);
    this.#showEdge(this.#places.last, sides[1]);
  }

  #showLinks() {
    const [{ query }, range, { grafanaUrl }] = [this.#state, this.#context.time.texts(), this.#context.lab];
    this.#lead(query, range);
    if (grafanaUrl) this.#context.openInGrafana(toGrafanaExplore(grafanaUrl, [{ source: "loki", query }], range));
  }

  #showNotice(error, waits) {
    const { notice } = this.#places;
    if (error === null) {
      const kind = waits ? "waits" : "none";
      if (notice.dataset.kind === kind) return;
      notice.dataset.kind = kind;
      replace(notice, waits ? loading("Looking for the lines") : null);
      return;
    }
    clearTimeout(this.#retry);
    notice.dataset.kind = "error";
    if (error.kind === "bad query" || error.position) this.#editor.setError(error);
    replace(notice, errorState(error, { retry: () => this.#ask() }));
    if (["unreachable", "timeout", "server"].includes(error.kind)) this.#retry = setTimeout(() => this.#ask(), RETRY);
  }

  #showMetricQuery() {
    this.#places.notice.dataset.kind = "metric";
    this.#places.list.hidden = true;
    this.#places.volume.hidden = true;
    replace(this.#places.notice, countsLines(this.#state.query, this.#context.time.texts()));
  }

  #showEdge(place, side) {
    const { view, busy } = this.#session;
    const key = `${side} ${view[side] !== null} ${busy} ${view.cut.length}`;
    if (place.dataset.key === key) return;
    place.dataset.key = key;
    replace(place, edgeOf(side, view, { busy, onExtend: () => this.#session.extend(side) }));
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
    if (!this.#list.isAtNewest()) feed.pause("scrolled");
    else if (feed.paused === "scrolled") feed.resume();
  }

  #resume() {
    this.#session.feed.resume();
    this.#list.goToNewest();
  }

  #downloads() {
    const { lines } = this.#session;
    const name = `lines-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}`;
    const item = (what, ending, type, write) => ({
      text: `${lines.length.toLocaleString("en")} lines as ${what}`,
      hint: ending,
      onSelect: () => saveFile(name + ending, write(lines), type),
    });
    return [
      item("text", ".log", "text/plain", asText),
      item("JSON lines", ".jsonl", "application/x-ndjson", asJsonLines),
    ];
  }
}

function servicesOf(lab) {
  return (lab.systems ?? []).flatMap(({ services }) => services.map(({ name }) => name));
}
