/** Where a trace is looked for: by its id, by a query, or among the recent, slow and failed ones. */

import { exploreAddress, traceAddress } from "../addresses.js";
import * as tempo from "../data/tempo.js";
import { queryEditor } from "../editor/query_editor.js";
import { quote } from "../editor/quoting.js";
import { inSentence } from "../format/time_range.js";
import { h, replace } from "../ui/dom.js";
import { showing } from "../ui/states.js";
import { traceList } from "./list.js";
import { traceIdIn } from "./otlp.js";

const LISTED = 50;
/** A search gives what it finds first, not the slowest: among so many the slowest are chosen. */
const LOOKED_AT = 500;

const KINDS = {
  recent: { title: "Recent", query: (service) => selector(service), sortBy: { id: "start", descending: true } },
  slow: { title: "Slowest", query: (service) => selector(service), sortBy: { id: "duration", descending: true } },
  failed: {
    title: "Failed",
    query: (service) => `${selector(service, "status = error")} | select(name)`,
    sortBy: { id: "start", descending: true },
  },
};

/**
 * @param {HTMLElement} root
 * @param {{context}} options
 * @returns {{follow: function(): void, destroy: function(): void}}
 */
export function tracePicker(root, { context }) {
  const { url, time, navigate, signal } = context;
  let kind = kindInUrl();
  let list = null;
  const input = h("input", {
    class: "input trace-id-input",
    id: "trace-id",
    placeholder: "4bf92f3577b34da6a3ce929d0e0e4736",
    spellcheck: "false",
    autocomplete: "off",
  });
  const problem = h("p", { class: "field-error", role: "alert" });
  const editorPlace = h("div", { class: "trace-query" });
  const services = h("select", {
    class: "select",
    "aria-label": "Service",
    onchange: () => {
      url.set({ service: services.value || null });
      shown.refresh();
    },
  }, h("option", { value: "" }, "All services"));
  const kinds = Object.entries(KINDS).map(([id, { title }]) =>
    h("button", { type: "button", class: "button", "data-kind": id, onclick: () => choose(id) }, title)
  );
  const note = h("p", { class: "quiet small" });
  const found = h("div");

  root.append(
    h(
      "div",
      { class: "trace-picker" },
      h("h1", null, "Traces"),
      h(
        "p",
        { class: "quiet" },
        "A trace is one request on its way through all services: each span a step, with its time and what it says.",
      ),
      h(
        "div",
        { class: "trace-ways" },
        h(
          "form",
          { class: "field", onsubmit: openId },
          h("label", { for: "trace-id" }, "Open a trace by its id"),
          h("div", { class: "trace-way" }, input, h("button", { class: "button button-primary" }, "Open")),
          problem,
        ),
        h(
          "div",
          { class: "field" },
          h("span", { class: "field-title" }, "Or find traces with TraceQL"),
          h(
            "div",
            { class: "trace-way" },
            editorPlace,
            h("button", { type: "button", class: "button", onclick: () => explore(editor.value) }, "Run in Explore"),
          ),
        ),
      ),
      h(
        "div",
        { class: "trace-tools", role: "group", "aria-label": "Which traces" },
        kinds,
        services,
        h("span", { class: "spacer" }),
        note,
      ),
      found,
    ),
  );

  const editor = queryEditor(editorPlace, {
    language: "traceql",
    value: url.get("query") ?? "{ duration > 20ms }",
    onRun: explore,
    context,
    label: "TraceQL query",
  });
  markKind();
  const shown = showing(found, load, render, { label: "Looking for traces", signal });
  time.onChange(() => {
    fillServices();
    shown.refresh();
  });
  fillServices();

  function load(within) {
    const { from, to } = time.range();
    const limit = kind === "slow" ? LOOKED_AT : LISTED;
    return tempo.search(KINDS[kind].query(url.get("service")), { from, to, limit, spansPerSpanset: 3, signal: within });
  }

  function render(traces, place) {
    const { sortBy } = KINDS[kind];
    const chosen = [...traces].sort((
      a,
      b,
    ) => (sortBy.id === "duration" ? b.durationSeconds - a.durationSeconds : b.start - a.start)).slice(0, LISTED);
    list?.destroy();
    list = traceList(replace(place), {
      traces: chosen,
      context,
      caption: `${KINDS[kind].title} traces`,
      sortBy,
      empty: emptyText(),
      matched: kind === "failed",
    });
    note.textContent = traces.length >= LOOKED_AT
      ? `The slowest of ${LOOKED_AT} that were looked at.`
      : `${chosen.length} ${chosen.length === 1 ? "trace" : "traces"}, ${inSentence(time.range().text)}`;
  }

  function emptyText() {
    if (kind === "failed") return "No request failed in this time. That is how it should be.";
    return "No trace in this time. Send a request (open the lab's first page), or choose a longer time above.";
  }

  function choose(id) {
    kind = id;
    url.set({ kind: id === "recent" ? null : id });
    markKind();
    shown.refresh();
  }

  function markKind() {
    for (const button of kinds) button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
  }

  function kindInUrl() {
    return Object.hasOwn(KINDS, url.get("kind") ?? "") ? url.get("kind") : "recent";
  }

  async function fillServices() {
    const known = context.lab.systems.flatMap((system) => system.services.map((service) => service.name));
    let names = known;
    try {
      const { from, to } = time.range();
      const values = await tempo.tagValues("resource.service.name", { from, to, signal });
      names = [...new Set([...known, ...values.map((one) => one.value)])];
    } catch (error) {
      // The list itself says what is wrong; the lab's own services can be chosen meanwhile.
      if (error.name !== "ApiError" && !signal.aborted) throw error;
    }
    if (signal.aborted) return;
    const chosen = url.get("service") ?? "";
    if (chosen && !names.includes(chosen)) names.push(chosen);
    replace(
      services,
      h("option", { value: "" }, "All services"),
      names.map((name) => h("option", { value: name }, name)),
    );
    services.value = chosen;
  }

  function openId(event) {
    event.preventDefault();
    const id = traceIdIn(input.value);
    if (id) navigate(traceAddress(id));
    else {problem.textContent = input.value.trim()
        ? "That is no trace id: 32 hex digits, as in a log line's trace_id or the X-Trace-Id header."
        : "Paste the id of a trace.";}
  }

  function explore(query) {
    navigate(exploreAddress([{ source: "tempo", query }], time.texts?.() ?? {}));
  }

  return {
    follow() {
      kind = kindInUrl();
      markKind();
      services.value = url.get("service") ?? "";
      shown.refresh();
    },
    destroy() {
      shown.destroy();
      list?.destroy();
      editor.destroy();
      root.replaceChildren();
    },
  };
}

function selector(service, condition = null) {
  const parts = [service ? `resource.service.name = ${quote(service)}` : null, condition].filter(Boolean);
  return parts.length ? `{ ${parts.join(" && ")} }` : "{}";
}
