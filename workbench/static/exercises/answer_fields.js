/** Where an answer is written: a field that fits what a task asks for. */

import { h, uniqueId } from "../ui/dom.js";
import { menu } from "../ui/menu.js";
import { inText } from "./texts.js";

/** Which panes speak the language of a task, or show what it asks about. */
const SOURCES = { promql: "prometheus", logql: "loki", traceql: "tempo", trace_id: "tempo", self_time: "tempo" };
const LANGUAGES = { promql: "PromQL", logql: "LogQL", traceql: "TraceQL" };
const SIGNALS = { promql: "Metrics", logql: "Logs", traceql: "Traces" };

const TRACE_ID = /^[0-9a-f]{16,32}$/i;

/**
 * @typedef {{element: HTMLElement, beside: Node[], value: () => string, focus: () => void,
 *   missing?: () => string, meanwhile?: string}} Field
 *   `missing` says what there is too little of, when `value` is empty; `meanwhile`, what is done with the answer
 *
 * @param {object} task as the server tells it
 * @param {{panes: {queries: () => Array<{source: string, query: string}>, turnTo: (source: string) => void},
 *   answer: () => void, say: (text: string) => void, disabled: boolean}} options `panes` are Explore's; `answer` hands
 *   the answer in; `say` tells why that cannot be
 * @returns {Field}
 */
export function answerField(task, options) {
  switch (task.kind) {
    case "promql":
    case "logql":
    case "traceql":
      return queryField(task, options);
    case "alert_rule":
    case "recording_rule":
      return areaField({ label: "Your rule, in YAML", rows: 9, ...options });
    case "trace_id":
      return traceField(options);
    case "self_time":
      return selfTimeField(options);
    case "choice":
      return choiceField(task, options);
    case "instrument":
      return folderField();
    case "number":
      return textField({
        label: task.unit ? `Your number, in ${task.unit}` : "Your number",
        inputmode: "decimal",
        ...options,
      });
    default:
      return textField({ label: "Names, with commas between them", ...options });
  }
}

/** Where Explore looks to answer a task; null when that is not in one place. */
export function sourceOf(task) {
  return SOURCES[task.kind] ?? null;
}

function queryField(task, { panes, answer, say, disabled }) {
  const source = sourceOf(task);
  const field = areaField({ label: `Your query, in ${LANGUAGES[task.kind]}`, rows: 2, answer, disabled });
  const turn = h("button", {
    type: "button",
    class: "button",
    hidden: true,
    onclick: () => {
      turn.hidden = true;
      panes.turnTo(source);
    },
  }, `Show ${SIGNALS[task.kind]} in Explore`);
  field.element.addEventListener("focusin", () => {
    turn.hidden = panes.queries().some((pane) => pane.source === source);
  });
  const take = (query) => {
    field.set(query);
    answer();
  };
  const use = h(
    "button",
    {
      type: "button",
      class: "button",
      disabled,
      onclick: () => {
        const written = panes.queries().filter((pane) => pane.source === source && pane.query);
        const different = [...new Set(written.map(({ query }) => query))];
        if (different.length === 0) {
          say(`No pane has a query in ${LANGUAGES[task.kind]}: choose ${SIGNALS[task.kind]} in one, and ask there.`);
        } else if (different.length === 1) {
          take(different[0]);
        } else {
          menu(use, different.map((query) => ({ text: query, onSelect: () => take(query) })), { label: "Which query" });
        }
      },
    },
    "Use the query of the pane",
  );
  return { ...field, beside: [use, turn] };
}

/** Several lines; Enter begins another, and together with Ctrl or Cmd it hands the answer in. */
function areaField({ label, rows, answer, disabled }) {
  const id = uniqueId("answer");
  const field = h("textarea", {
    id,
    class: "input code exercise-query",
    rows,
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    disabled,
    onkeydown: (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        answer();
      }
    },
  });
  return {
    element: labelled(id, label, field),
    beside: [],
    value: () => field.value,
    set: (text) => {
      field.value = text;
      changed(field);
    },
    focus: () => field.focus(),
  };
}

/** As if it had been typed. */
function changed(field) {
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function traceField({ panes, answer, say, disabled }) {
  const field = textField({ label: "The trace’s id, or the address of its page", mono: true, answer, disabled });
  return { ...field, beside: [useTrace(field, { panes, say, disabled })] };
}

function selfTimeField({ panes, answer, say, disabled }) {
  const trace = textField({ label: "The trace’s id, or the address of its page", mono: true, answer, disabled });
  const time = textField({ label: "Milliseconds", inputmode: "decimal", answer, disabled });
  return {
    element: h("div", { class: "exercise-two-fields" }, trace.element, time.element),
    beside: [useTrace(trace, { panes, say, disabled })],
    value: () => (trace.value().trim() && time.value().trim() ? `${trace.value().trim()} ${time.value().trim()}` : ""),
    missing: () => "It takes both: the trace’s id, and the milliseconds.",
    focus: () => (trace.value().trim() ? time : trace).focus(),
  };
}

/** A pane that shows one trace has its id as the query. */
function useTrace(field, { panes, say, disabled }) {
  const use = () => {
    const found = panes.queries().find(({ source, query }) => source === "tempo" && TRACE_ID.test(query));
    if (found) {
      field.set(found.query);
    } else {
      say(
        "No pane shows a trace. Click one in the list and come back with its id, or its dot: " +
          "“This trace, beside this”.",
      );
    }
  };
  return h("button", { type: "button", class: "button", disabled, onclick: use }, "Use the trace of the pane");
}

function choiceField(task, { disabled }) {
  const name = uniqueId("choice");
  const inputs = task.choices.map(({ letter }) => h("input", { type: "radio", name, value: letter, disabled }));
  const element = h(
    "fieldset",
    { class: "exercise-choices" },
    h("legend", { class: "visually-hidden" }, "Your choice"),
    task.choices.map(({ letter, text }, number) =>
      h(
        "label",
        { class: "exercise-choice" },
        inputs[number],
        h("span", { class: "exercise-letter" }, `${letter}.`),
        h("span", {}, inText(text)),
      )
    ),
  );
  return {
    element,
    beside: [],
    value: () => inputs.find(({ checked }) => checked)?.value ?? "",
    focus: () => inputs[0]?.focus(),
  };
}

/** The answer is what stands in the learner's folder; the server knows where that is. */
function folderField() {
  return {
    element: h("p", { class: "quiet small" }, "Your service is the answer, as it stands in your folder."),
    beside: [],
    value: () => "my folder",
    focus: () => {},
    meanwhile: "Running your service …",
  };
}

function textField({ label, inputmode, mono = false, answer, disabled }) {
  const id = uniqueId("answer");
  const field = h("input", {
    id,
    type: "text",
    class: mono ? "input mono" : "input",
    inputmode,
    autocomplete: "off",
    spellcheck: "false",
    disabled,
    onkeydown: (event) => {
      if (event.key === "Enter" && !event.isComposing) {
        event.preventDefault();
        answer();
      }
    },
  });
  return {
    element: labelled(id, label, field),
    beside: [],
    value: () => field.value,
    set: (text) => {
      field.value = text;
      changed(field);
      field.focus();
    },
    focus: () => field.focus(),
  };
}

function labelled(id, label, field) {
  return h("div", { class: "field" }, h("label", { for: id }, label), field);
}
