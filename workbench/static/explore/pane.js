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
import { ask } from "../data/http.js";
import { queryEditor } from "../editor/query_editor.js";
import { duration } from "../format/time.js";
import { parseRange } from "../format/time_range.js";
import { h } from "../ui/dom.js";
import { AnswerArea } from "./answer_area.js";
import { Asking } from "./asking.js";
import { Controls, FORMATTERS } from "./controls.js";
import { historyDialog } from "./history_dialog.js";
import { metricsDialog } from "./metrics_dialog.js";
import { hasOptions } from "./options_row.js";
import { emptyPane, SOURCES, withSource } from "./state.js";
import { traceMenu } from "./trace_menu.js";

/** Below this many milliseconds nobody needs to be told that something is asked. */
const PATIENCE_MS = 200;

const ALL_CALLS = '{client=~".+"}';
const ALL_TRACES = "{ nestedSetParent < 0 }";

export class Pane {
  #context;
  #history;
  #act;
  #state;
  #asking = new Asking();
  #editor = null;
  #language = null;
  #answer = null;
  #running = null;
  /** Whether the answer takes so long that one may want to give up. */
  #slow = false;
  /** The query of the other view, where a view asks something else. */
  #kept = null;
  #optionsOpen;
  #controls;
  #area;
  #written = h("div", { class: "pane-editor" });
  #root;

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

  /** What is written, whether it was asked or not. */
  get text() {
    return this.#editor.value;
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
    const root = this.#root;
    const began = performance.now();
    root.setAttribute("aria-busy", "true");
    this.#drawActions();
    const timer = setTimeout(() => {
      this.#slow = true;
      this.#drawActions();
      this.#area.wait();
    }, PATIENCE_MS);
    const asked = this.#state;
    const signal = AbortSignal.any([controller.signal, this.#context.signal]);
    try {
      const least = this.#context.lab.scrapeIntervalSeconds ?? 1;
      const answer = await this.#asking.ask(asked, this.range(), { width: root.clientWidth, least, signal });
      if (signal.aborted) return;
      this.#editor.setError(null);
      this.#answer = answer;
      const known = this.#context.lab.questions.find(({ query }) => query === asked.query);
      const told = toldOf(answer, (performance.now() - began) / 1000);
      this.#area.show(answer, asked, { told, emptyWhenHealthy: known?.emptyWhenHealthy ?? "" });
      this.#controls.drawSave(answer, () => this.#state.query);
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
        this.#drawActions();
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
    this.#controls.redrawTools();
  }

  destroy() {
    this.cancel();
    this.#area.destroy();
    this.#editor?.destroy();
    this.#root.remove();
  }

  #build(parent, name) {
    this.#controls = new Controls({
      source: (source) => this.#choose(source),
      view: (view) => this.#view(view),
      patch: (change) => this.#patch(change),
      run: () => this.#runText(),
      stop: () => this.#stop(),
      format: () => this.#format(),
      options: () => this.#toggleOptions(),
      history: () => this.#openHistory(),
      metrics: () => this.#openMetrics(),
      examples: () => this.#ask(""),
      tools: () => this.#act.tools(this),
    });
    const controls = this.#controls.places;
    this.#area = new AnswerArea(controls, {
      context: this.#context,
      patch: (change) => this.#patch(change),
      ask: (query) => this.#ask(query),
      openBeside: (question) => this.#act.beside(question),
      setRange: (from, to) => this.#setRange(from, to),
      traceMenu: (trace, anchor) => traceMenu(trace, anchor, { openBeside: this.#act.beside }),
    });
    this.#root = h(
      "section",
      { class: "pane", "aria-label": name },
      h("div", { class: "pane-head" }, controls.source, controls.tools),
      h("div", { class: "pane-query" }, this.#written, controls.actions),
      controls.options,
      this.#area.elements,
    );
    parent.append(this.#root);
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
    this.#editor = queryEditor(this.#written, {
      language,
      value: query,
      onRun: () => this.#runText(),
      onChange: () => this.#drawActions(),
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
    this.#answer = null;
    this.#area.begin({
      questions: this.#context.lab.questions,
      source: this.#state.source,
      onQuestion: (question) => this.#question(question),
    });
    this.#drawActions();
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

  #failed(error, asked) {
    if (error?.name !== "ApiError") console.error(error);
    const ofQuery = error?.kind === "bad query";
    if (this.#editor.value === asked.query) this.#editor.setError(ofQuery ? error : null);
    this.#area.fail(error, { retry: () => this.run() });
  }

  #setRange(from, to) {
    if (this.#state.range) {
      const text = (seconds) => String(Math.round(seconds * 1000));
      this.#patch({ range: { from: text(from), to: text(to) } }, { push: true });
    } else {
      this.#context.time.set({ from, to });
    }
  }

  #drawHead() {
    const texts = this.#context.time.texts();
    this.#controls.drawHead({ state: this.#state, optionsOpen: this.#optionsOpen, texts });
    this.#drawActions();
  }

  #drawActions() {
    this.#controls.drawActions({
      state: this.#state,
      running: this.#slow,
      changed: this.#editor !== null && this.#editor.value !== this.#state.query,
      answered: this.#answer !== null,
      optionsOpen: this.#optionsOpen,
    });
  }

  #stop() {
    this.cancel();
    this.#root.setAttribute("aria-busy", "false");
    this.#area.stopped();
    this.#context.announce("Cancelled");
    this.#drawActions();
  }

  #toggleOptions() {
    this.#optionsOpen = !this.#optionsOpen;
    this.#drawHead();
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

function languageOf({ source, view }) {
  return view === "service map" ? "promql" : SOURCES[source].language;
}

function toldOf({ told, step }, seconds) {
  return [told, duration(seconds), step ? `step ${duration(step)}` : ""].filter(Boolean).join(" · ");
}
