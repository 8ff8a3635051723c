/**
 * One pane of Explore: a query, and what it answers.
 *
 * @typedef {object} Tools - what a result can do
 * @property {object} context - of the page
 * @property {(change: Partial<import("./state.js").Pane>) => void} patch - changes what is shown, and asks again
 * @property {(query: string) => void} ask - asks another query in this pane
 * @property {(question: import("./correlations.js").Question) => void} openBeside - asks in the other pane
 * @property {(from: number, to: number) => void} setRange - unix seconds
 * @property {(trace: object, anchor: Element) => void} traceMenu
 * @property {(control: Node|null) => void} bar - shows a control beside the choice of views
 */
import { traceAddress } from "../addresses.js";
import { ask } from "../data/http.js";
import { queryEditor } from "../editor/query_editor.js";
import { duration } from "../format/time.js";
import { parseRange } from "../format/time_range.js";
import { copy } from "../ui/clipboard.js";
import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menu, menuButton } from "../ui/menu.js";
import { saveFile } from "../ui/save_file.js";
import { errorState, loading } from "../ui/states.js";
import { Asking, kindOf } from "./asking.js";
import { questionsAboutLine } from "./correlations.js";
import { csvOf, jsonOf } from "./download.js";
import { historyDialog } from "./history_dialog.js";
import { metricsDialog } from "./metrics_dialog.js";
import { hasOptions, optionsRow } from "./options_row.js";
import { emptyAnswer } from "./results/empty.js";
import { isEmpty, RESULTS } from "./results/index.js";
import { segmented } from "./segmented.js";
import { startPanel } from "./start.js";
import { emptyPane, SOURCES, VIEWS, withSource } from "./state.js";

/** Below this many milliseconds nobody needs to be told that something is asked. */
const PATIENCE_MS = 200;

const ALL_CALLS = '{client=~".+"}';
const ALL_TRACES = "{ nestedSetParent < 0 }";

const FORMATTERS = {
  prometheus: "/api/prometheus/api/v1/format_query",
  loki: "/api/loki/loki/api/v1/format_query",
};

export class Pane {
  #context;
  #history;
  #act;
  #state;
  #asking = new Asking();
  #editor = null;
  #language = null;
  #shown = null;
  #answer = null;
  #running = null;
  /** Whether the answer takes so long that one may want to give up. */
  #slow = false;
  /** The query of the other view, where a view asks something else. */
  #kept = null;
  #optionsOpen;
  #parts;

  /**
   * @param {HTMLElement} root
   * @param {{context: object, history: import("./history.js").History, name: string, state: import("./state.js").Pane,
   *   act: {changed: (state: object, how: {push: boolean}) => void, beside: (question: object) => void}}} options
   *   `name` for screen readers; `act` is the page's
   */
  constructor(root, { context, history, name, state, act }) {
    this.#context = context;
    this.#history = history;
    this.#act = act;
    this.#state = state;
    this.#optionsOpen = hasOptions(state);
    this.#build(root, name);
    this.show(state);
  }

  get state() {
    return this.#state;
  }

  /** Shows a state as it stands in an address, and asks when there is a query. */
  show(state) {
    this.#state = state;
    this.#edit();
    this.#drawHead();
    if (state.query.trim() || state.view === "service map") this.run();
    else this.#clear();
  }

  /**
   * Asks again what was asked.
   *
   * @param {{quiet?: boolean}} how - a refresh says nothing to screen readers
   */
  async run({ quiet = false } = {}) {
    this.cancel();
    const controller = new AbortController();
    this.#running = controller;
    const { content, status, notice, root } = this.#parts;
    const began = performance.now();
    root.setAttribute("aria-busy", "true");
    this.#drawRun();
    const timer = setTimeout(() => {
      this.#slow = true;
      this.#drawRun();
      if (this.#shown === null) replace(content, loading("Asking"));
    }, PATIENCE_MS);
    const asked = this.#state;
    const signal = AbortSignal.any([controller.signal, this.#context.signal]);
    try {
      const least = this.#context.lab.scrapeIntervalSeconds ?? 1;
      const answer = await this.#asking.ask(asked, this.range(), { width: root.clientWidth, least, signal });
      if (signal.aborted) return;
      this.#editor.setError(null);
      notice.replaceChildren();
      this.#render(answer, asked);
      status.textContent = toldOf(answer, (performance.now() - began) / 1000);
      if (!quiet) this.#context.announce(answer.told);
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(error, asked);
    } finally {
      clearTimeout(timer);
      if (this.#running === controller) {
        this.#running = null;
        this.#slow = false;
        root.setAttribute("aria-busy", "false");
        this.#drawRun();
      }
    }
  }

  cancel() {
    this.#running?.abort();
    this.#running = null;
    this.#slow = false;
  }

  /** The time that this pane shows, in unix seconds. */
  range() {
    const { range } = this.#state;
    const own = range ? parseRange(range.from, range.to, Date.now() / 1000) : { error: true };
    return own.error ? this.#context.time.range() : own;
  }

  focus() {
    this.#editor.focus();
  }

  /** The tools depend on whether there is another pane. */
  redraw() {
    this.#parts.tools.dataset.key = "old";
    this.#drawHead();
  }

  destroy() {
    this.cancel();
    this.#shown?.view.destroy();
    this.#editor?.destroy();
    this.#parts.root.remove();
  }

  #build(parent, name) {
    const parts = {
      source: h("div", { class: "pane-source" }),
      tools: h("div", { class: "pane-tools" }),
      editor: h("div", { class: "pane-editor" }),
      actions: h("div", { class: "pane-actions" }),
      options: h("div", { class: "pane-options" }),
      views: h("div", { class: "pane-views" }),
      bar: h("div", { class: "pane-style" }),
      status: h("p", { class: "pane-status" }),
      save: h("div", { class: "pane-save" }),
      notice: h("div", { class: "pane-notice" }),
      content: h("div", { class: "pane-content" }),
    };
    parts.result = h(
      "div",
      { class: "pane-result" },
      h("div", { class: "pane-bar" }, parts.views, parts.bar, parts.status, parts.save),
      parts.notice,
      parts.content,
    );
    parts.start = h("div", { class: "pane-start" });
    parts.root = h(
      "section",
      { class: "pane", "aria-label": name },
      h("div", { class: "pane-head" }, parts.source, parts.tools),
      h("div", { class: "pane-query" }, parts.editor, parts.actions),
      parts.options,
      parts.start,
      parts.result,
    );
    this.#parts = parts;
    parent.append(parts.root);
  }

  /** An editor in the language of what is asked, with the text of the state. */
  #edit() {
    const { query } = this.#state;
    const language = languageOf(this.#state);
    if (language === this.#language) {
      this.#editor.value = query;
      return;
    }
    this.#language = language;
    this.#editor?.destroy();
    this.#editor = queryEditor(this.#parts.editor, {
      language,
      value: query,
      onRun: () => this.#runText(),
      onChange: () => this.#drawRun(),
      context: this.#context,
    });
  }

  /** What is written is asked; it comes into the address. */
  #runText() {
    this.#ask(this.#editor.value);
  }

  #ask(query, change = {}) {
    this.#editor.value = query;
    this.#patch({ ...change, query }, { push: query !== this.#state.query });
    if (query.trim()) this.#history.add(this.#state);
  }

  #patch(change, { push = false } = {}) {
    this.#state = { ...this.#state, ...change };
    this.#act.changed(this.#state, { push });
    this.#drawHead();
    if (this.#state.query.trim() || this.#state.view === "service map") this.run();
    else this.#clear();
  }

  /** The edges of a map are chosen by a selector, traces in TraceQL: each keeps its own text. */
  #view(view) {
    const { query, view: before } = this.#state;
    const crosses = (view === "service map") !== (before === "service map");
    if (!crosses) {
      this.#patch({ view });
      return;
    }
    const kept = this.#kept;
    this.#kept = query;
    this.#state = { ...this.#state, view, query: kept ?? (view === "service map" ? ALL_CALLS : ALL_TRACES) };
    this.#act.changed(this.#state, { push: true });
    this.show(this.#state);
  }

  #choose(source) {
    if (source === this.#state.source) return;
    this.#state = withSource(this.#state, source);
    this.#kept = null;
    this.#act.changed(this.#state, { push: true });
    this.#editor.setError(null);
    this.#edit();
    this.#drawHead();
    this.#clear();
    this.#editor.focus();
  }

  /** Nothing asked: where to begin. */
  #clear() {
    this.cancel();
    this.#shown?.view.destroy();
    this.#shown = null;
    this.#answer = null;
    const { result, start, notice, status } = this.#parts;
    notice.replaceChildren();
    status.textContent = "";
    result.hidden = true;
    start.hidden = false;
    startPanel(start, {
      questions: this.#context.lab.questions,
      source: this.#state.source,
      onQuestion: (question) => this.#question(question),
    });
    this.#drawRun();
  }

  #question({ dataSource, query, view, minutes }) {
    this.#state = { ...emptyPane(dataSource), query, view, range: this.#state.range };
    this.#act.changed(this.#state, { push: true });
    if (minutes > 15 && !this.#context.time.chosen && !this.#state.range) {
      this.#context.time.set({ from: `now-${minutes}m`, to: "now" });
    }
    this.#history.add(this.#state);
    this.show(this.#state);
  }

  #render(answer, asked) {
    const { content, result, start } = this.#parts;
    start.hidden = true;
    result.hidden = false;
    content.classList.remove("stale");
    this.#answer = answer;
    if (isEmpty(answer)) {
      this.#unshow();
      const known = this.#context.lab.questions.find(({ query }) => query === asked.query);
      replace(content, emptyAnswer(answer, known?.emptyWhenHealthy ?? ""));
    } else {
      if (this.#shown?.kind !== answer.kind) {
        this.#unshow();
        const place = h("div", { class: `result result-${answer.kind}` });
        replace(content, place);
        this.#shown = { kind: answer.kind, view: RESULTS[answer.kind](place, this.#tools()) };
      }
      this.#shown.view.update(answer, asked);
    }
    if (answer.warnings?.length) {
      replace(this.#parts.notice, h("p", { class: "result-note" }, answer.warnings.join(" ")));
    }
    this.#drawSave();
  }

  #unshow() {
    this.#shown?.view.destroy();
    this.#shown = null;
  }

  #failed(error, asked) {
    const { content, notice, result, start, status } = this.#parts;
    start.hidden = true;
    result.hidden = false;
    if (error?.name !== "ApiError") console.error(error);
    const ofQuery = error?.kind === "bad query";
    if (this.#editor.value === asked.query) this.#editor.setError(ofQuery ? error : null);
    status.textContent = "";
    content.classList.toggle("stale", this.#shown !== null);
    if (this.#shown === null) content.replaceChildren();
    // The last good answer stays, dimmed: what it says was true when it was asked.
    const kept = this.#shown ? h("p", { class: "result-note" }, "Below is the last answer that came.") : null;
    const told = ofQuery
      ? h("p", { class: "result-note" }, "The query was refused: why stands under it.")
      : errorState(error, { retry: () => this.run() });
    replace(notice, told, kept);
  }

  #tools() {
    return {
      context: this.#context,
      patch: (change) => this.#patch(change),
      ask: (query) => this.#ask(query),
      openBeside: (question) => this.#act.beside(question),
      setRange: (from, to) => this.#setRange(from, to),
      traceMenu: (trace, anchor) => this.#traceMenu(trace, anchor),
      bar: (control) => replace(this.#parts.bar, control),
    };
  }

  #setRange(from, to) {
    if (this.#state.range) {
      const text = (seconds) => String(Math.round(seconds * 1000));
      this.#patch({ range: { from: text(from), to: text(to) } }, { push: true });
    } else {
      this.#context.time.set({ from, to });
    }
  }

  #traceMenu({ traceId, rootService, rootName, start }, anchor) {
    const questions = questionsAboutLine({ labels: { service: rootService }, time: start, traceId });
    menu(
      anchor,
      [
        { heading: `${rootService} ${rootName}` },
        { text: "Open the trace", href: traceAddress(traceId) },
        ...questions.map((question) => ({
          text: `${question.title}, beside this`,
          onSelect: () => this.#act.beside(question),
        })),
      ],
      { label: "About this trace" },
    );
  }

  #drawHead() {
    const { source, tools, options, views } = this.#parts;
    const { state } = this;
    const titles = Object.fromEntries(Object.entries(SOURCES).map(([name, { title }]) => [name, title]));
    replaceUnlessFocused(
      source,
      `${state.source}`,
      () =>
        segmented({
          label: "What is asked",
          options: titles,
          value: state.source,
          onChange: (name) => this.#choose(name),
        }),
    );
    replaceUnlessFocused(tools, "", () => [
      h(
        "button",
        { type: "button", class: "button button-quiet", onclick: () => this.#openHistory() },
        icon("clock"),
        "History",
      ),
      ...this.#act.tools(this),
    ]);
    const kind = kindOf(state);
    replaceUnlessFocused(views, `${state.source} ${kind} ${state.view}`, () => this.#views(kind));
    options.hidden = !this.#optionsOpen;
    const key = JSON.stringify([kind, state.step, state.limit, state.spans, state.order, state.range]);
    replaceUnlessFocused(options, key, () => {
      const row = h("div", { class: "options" });
      optionsRow(row, { pane: state, texts: this.#context.time.texts(), patch: (change) => this.#patch(change) });
      return row;
    });
    this.#drawRun();
  }

  /** Of the source's views those that this query's answer can have. */
  #views(kind) {
    const { source, view } = this.#state;
    const fits = {
      prometheus: ["graph", "now"],
      loki: kind === "lines" ? ["lines"] : ["graph", "now"],
      tempo: kind === "series" ? ["graph"] : kind === "trace" ? ["trace"] : ["traces", "spans", "service map"],
    }[source];
    if (fits.length < 2) return null;
    const options = Object.fromEntries(fits.map((name) => [name, VIEWS[source][name]]));
    const value = fits.includes(view) ? view : fits[0];
    return segmented({ label: "How it is shown", options, value, onChange: (name) => this.#view(name) });
  }

  #drawRun() {
    const { actions } = this.#parts;
    const running = this.#slow;
    const changed = this.#editor !== null && this.#editor.value !== this.#state.query;
    const key = `${running} ${changed} ${this.#optionsOpen} ${this.#state.source} ${this.#state.query !== ""}`;
    const quiet = (id, text, onclick, more = {}) =>
      h("button", { type: "button", class: "button button-quiet", "data-focus": id, onclick, ...more }, text);
    const run = { type: "button", "data-focus": "run", title: "Ctrl+Enter" };
    replaceUnlessFocused(actions, key, () => [
      running ? h("button", { ...run, class: "button", onclick: () => this.#stop() }, spinner(), "Cancel") : h(
        "button",
        {
          ...run,
          class: changed || !this.#answer ? "button button-primary" : "button",
          onclick: () => this.#runText(),
        },
        icon("play"),
        "Run",
      ),
      this.#state.source in FORMATTERS ? quiet("format", "Format", () => this.#format()) : null,
      quiet("options", "Options", () => this.#toggleOptions(), { "aria-expanded": this.#optionsOpen }),
      this.#state.source === "prometheus" ? quiet("metrics", "Metrics list", () => this.#openMetrics()) : null,
      this.#state.query ? quiet("examples", "Examples", () => this.#ask("")) : null,
      h("span", { class: "pane-hint quiet small" }, changed ? "Changed: not asked yet." : ""),
    ]);
  }

  #stop() {
    this.cancel();
    this.#parts.root.setAttribute("aria-busy", "false");
    this.#parts.status.textContent = "Cancelled.";
    if (this.#shown === null) this.#parts.content.replaceChildren();
    this.#context.announce("Cancelled");
    this.#drawRun();
  }

  #toggleOptions() {
    this.#optionsOpen = !this.#optionsOpen;
    this.#drawHead();
  }

  #drawSave() {
    const answer = this.#answer;
    replace(
      this.#parts.save,
      menuButton({ class: "button button-quiet" }, [icon("download"), "Save"], () => [
        answer.kind !== "trace" && {
          text: "As CSV",
          onSelect: () => saveFile("explore.csv", csvOf(answer), "text/csv"),
        },
        { text: "As JSON", onSelect: () => saveFile("explore.json", jsonOf(answer), "application/json") },
        { text: "Copy the query", onSelect: () => copy(this.#state.query, "The query") },
      ]),
    );
  }

  async #format() {
    const { value } = this.#editor;
    if (!value.trim()) return;
    try {
      const path = FORMATTERS[this.#state.source];
      const { data } = await ask(path, { params: { query: value }, signal: this.#context.signal });
      if (this.#editor.value === value) this.#editor.replaceText(data);
    } catch (error) {
      if (error?.name === "ApiError" && this.#editor.value === value) this.#editor.setError(error);
    }
  }

  #openHistory() {
    historyDialog(this.#history, {
      onChoose: ({ source, query, view }) =>
        this.#question({ dataSource: source, query, view: view ?? emptyPane(source).view, minutes: 0 }),
    });
  }

  #openMetrics() {
    metricsDialog({ context: this.#context, onChoose: (query) => this.#ask(query, { view: "graph" }) });
  }
}

function spinner() {
  return h("span", { class: "spinner", "aria-hidden": "true" });
}

function languageOf({ source, view }) {
  return view === "service map" ? "promql" : SOURCES[source].language;
}

function toldOf({ told, step }, seconds) {
  return [told, duration(seconds), step ? `step ${duration(step)}` : ""].filter(Boolean).join(" · ");
}

/** Draws anew what has changed; the focus stays on the control it was on. */
function replaceUnlessFocused(root, key, build) {
  if (root.dataset.key === key) return;
  const held = root.contains(document.activeElement) ? document.activeElement : null;
  const mark = held?.dataset.focus ?? held?.value ?? held?.textContent;
  root.dataset.key = key;
  replace(root, build());
  if (!held) return;
  const same = [...root.querySelectorAll("button, input, select")].find((control) => {
    return (control.dataset.focus ?? control.value ?? control.textContent) === mark || control.textContent === mark;
  });
  same?.focus({ preventScroll: true });
}
