/** One trace: its head, and under it the views of it. */

import * as tempo from "../data/tempo.js";
import { h, replace } from "../ui/dom.js";
import { errorState, loading } from "../ui/states.js";
import { tabs } from "../ui/tabs.js";
import { toast } from "../ui/toast.js";
import { compareView } from "./compare_view.js";
import { sameRoot, usualOf, usualRange } from "./correlations.js";
import { flameView } from "./flame_view.js";
import { traceHead } from "./head.js";
import { jsonView } from "./json_view.js";
import { loadLines, loadMeasured, loadTrace } from "./loading.js";
import { parseTrace } from "./model.js";
import { mergeAnswers, traceIdIn } from "./otlp.js";
import { servicesView } from "./services_view.js";
import { statisticsView } from "./statistics_view.js";
import { waterfallView } from "./waterfall_view.js";

const VIEWS = [["waterfall", "Waterfall"], ["statistics", "Statistics"], ["flame", "Flame graph"], [
  "services",
  "Services",
], ["json", "JSON"]];

/** A trace that ended less than so many seconds ago may still have spans on their way: it is looked at again. */
const YOUNG_SECONDS = 10;
const SECOND_LOOKS_MS = [1000, 2000, 4000];

/** Traces among which a usual one is looked for. */
const CANDIDATES = 100;

/**
 * @param {HTMLElement} root
 * @param {{answer: object, context}} options `answer`: what Tempo said
 * @returns {{follow: function(): void, destroy: function(): void}}
 */
export function traceView(root, { answer, context }) {
  const { url, signal } = context;
  let trace = parseTrace(answer);
  let lines = freshLines();
  let measured = null;
  let strip = null;
  let current = null;
  let comparing = 0;
  const head = h("div");
  const body = h("div", { class: "trace-body" });
  root.append(h("div", { class: "trace-page" }, head, body));
  drawHead();
  show();
  settle();
  context.time.onChange((reason) => lookAgain({ quiet: reason !== "manual" }));

  function drawHead() {
    replace(
      head,
      traceHead({
        trace,
        answer,
        context,
        onSelect: select,
        onAgain: () => lookAgain(),
        onUsual: compareWithUsual,
        onCompare: askForOther,
      }),
    );
  }

  function show() {
    comparing += 1;
    current?.destroy?.();
    current = null;
    strip?.destroy();
    strip = null;
    if (url.get("compare")) compare(url.get("compare"));
    else views();
  }

  function views() {
    strip = tabs(replace(body), {
      label: "Views of the trace",
      selected: url.get("view") ?? "waterfall",
      onSelect: (id) => url.set({ view: id === "waterfall" ? null : id }),
      tabs: VIEWS.map(([id, title]) => ({
        id,
        title,
        render: (panel) => {
          current = view(id, panel);
          return () => {
            current?.destroy?.();
            current = null;
          };
        },
      })),
    });
  }

  function view(id, panel) {
    if (id === "statistics") return statisticsView(panel, { trace, context, onFind: find });
    if (id === "flame") return flameView(panel, { trace, onSelect: select });
    if (id === "services") return servicesView(panel, { trace, onFind: find });
    if (id === "json") return jsonView(panel, { answer });
    return waterfallView(panel, { trace, lines, measured: measuredHere(), context });
  }

  /** Asked once, when the first details may need them; without Prometheus there is just no link. */
  function measuredHere() {
    measured ??= loadMeasured(trace, { signal });
    measured.catch(() => {
      measured = null;
    });
    return measured;
  }

  function freshLines() {
    const found = loadLines(trace, { signal });
    // Whoever shows them says so; nobody looking is no error.
    found.catch(() => {});
    return found;
  }

  function find(text) {
    url.set({ view: null, find: text, only: "on" });
    show();
  }

  function select(id) {
    if (strip?.selected() === "waterfall" && current?.select) {
      current.select(id);
      return;
    }
    url.set({ view: null, span: id, compare: null });
    show();
  }

  /** @param {{quiet?: boolean}} how quiet: only what is new is told */
  async function lookAgain({ quiet = false } = {}) {
    const before = trace.spans.length;
    try {
      const found = await loadTrace(trace.traceId, { signal, again: false });
      if (signal.aborted) return;
      if (found) take(mergeAnswers(answer, found));
      const more = trace.spans.length - before;
      if (more > 0) toast(`${more} more ${more === 1 ? "span has" : "spans have"} come.`, { seconds: 4 });
      else if (!quiet) toast("Nothing new has come.", { seconds: 4 });
    } catch (error) {
      if (!signal.aborted && !quiet) toast(`Could not look again: ${error.message}`, { kind: "bad" });
    }
  }

  /** The same trace with what is new; what is chosen, found and seen stays. */
  function take(merged) {
    const before = trace.spans.length;
    answer = merged;
    trace = parseTrace(answer);
    if (trace.spans.length === before) return;
    lines = freshLines();
    drawHead();
    if (current?.update) current.update({ trace, lines });
    else if (!url.get("compare")) show();
  }

  /** Each service sends its spans when it likes: the first answer may lack some. */
  async function settle() {
    for (const pause of SECOND_LOOKS_MS) {
      if (Date.now() / 1000 - trace.start - trace.durationSeconds > YOUNG_SECONDS) return;
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (signal.aborted) return;
      await lookAgain({ quiet: true });
    }
  }

  async function compareWithUsual() {
    const { root: first } = trace;
    if (!first || first.missing) {
      toast("Its first span is not there: there is nothing to look for.", { kind: "bad" });
      return;
    }
    try {
      const found = await tempo.search(sameRoot(first), {
        ...usualRange(trace),
        limit: CANDIDATES,
        spansPerSpanset: 1,
        signal,
      });
      const usual = usualOf(found, trace);
      if (usual) startComparison(usual.traceId);
      else toast(`In the hour around it there is no other trace of ${first.service} ${first.name}.`);
    } catch (error) {
      if (!signal.aborted) toast(`Could not look for a usual one: ${error.message}`, { kind: "bad" });
    }
  }

  function startComparison(id) {
    url.set({ compare: id }, { push: true });
    show();
  }

  function endComparison() {
    url.set({ compare: null }, { push: true });
    show();
  }

  function askForOther() {
    replace(body, chooseOther());
    body.querySelector("input").focus();
  }

  function chooseOther() {
    const input = h("input", {
      class: "input trace-id-input",
      "aria-label": "Id of the other trace",
      placeholder: "Id of the other trace",
      spellcheck: "false",
      autocomplete: "off",
    });
    const problem = h("p", { class: "field-error", role: "alert" });
    return h(
      "form",
      {
        class: "compare-choose",
        onsubmit: (event) => {
          event.preventDefault();
          const id = traceIdIn(input.value);
          if (id) startComparison(id);
          else problem.textContent = "That is no trace id: 32 hex digits, as in a log line's trace_id.";
        },
      },
      input,
      h("button", { class: "button button-primary" }, "Compare"),
      h("button", { type: "button", class: "button", onclick: () => show() }, "Never mind"),
      problem,
    );
  }

  async function compare(text) {
    const mine = comparing;
    const id = traceIdIn(text);
    if (!id) {
      replace(body, errorState(new Error(`"${text.slice(0, 60)}" is no trace id.`)), chooseOther());
      return;
    }
    const timer = setTimeout(() => mine === comparing && replace(body, loading("Getting the other trace")), 150);
    try {
      const other = await loadTrace(id, { signal });
      if (mine !== comparing || signal.aborted) return;
      if (!other) {
        replace(
          body,
          errorState(Object.assign(new Error(`There is no trace ${id}.`), { kind: "not found", name: "ApiError" }), {
            retry: show,
          }),
          chooseOther(),
        );
        return;
      }
      clearTimeout(timer);
      current = compareView(replace(body), { left: trace, right: parseTrace(other), onClose: endComparison });
    } catch (error) {
      if (mine === comparing && !signal.aborted) replace(body, errorState(error, { retry: show }));
    } finally {
      clearTimeout(timer);
    }
  }

  let comparedId = url.get("compare");
  return {
    /** Back and forward, and links within the page. */
    follow() {
      const changedView = strip && (url.get("view") ?? "waterfall") !== strip.selected();
      if (changedView || url.get("compare") !== comparedId || !strip) show();
      else current?.follow?.();
      comparedId = url.get("compare");
    },
    destroy() {
      comparing += 1;
      current?.destroy?.();
      strip?.destroy();
      root.replaceChildren();
    },
  };
}
