/** One fault of the catalogue: what it is, what each signal shows of it, and its switch. */

import { dateTime } from "../format/time.js";
import { h, replace, uniqueId } from "../ui/dom.js";
import { evidenceView } from "./evidence_view.js";

const SIGNALS = { metrics: "Metrics", logs: "Logs", traces: "Traces" };

/**
 * @param {object} fault as the server tells it
 * @param {{onSwitch: (verb: "switch-on"|"switch-off", wish: object) => Promise<void>,
 *   onLook?: (name: string) => Promise<{findings: Array}>,
 *   onLookBack?: (name: string, was: object) => Promise<{findings: Array}>}} options `onLook` asks what the telemetry
 *   shows of it, `onLookBack` whether all is as it was before
 * @returns {{element: HTMLElement, update: (state: {isTold: boolean, mayWrite: boolean, on: object|null,
 *   partly?: string|null}) => void}}
 */
export function faultView(fault, { onSwitch, onLook, onLookBack }) {
  const state = h("span", { class: "fault-state" });
  const controls = h("div", { class: "fault-controls" });
  const problem = h("p", { class: "field-error", role: "alert" });
  let shown = null;
  let evidence = null;
  let was = null;
  const element = h(
    "details",
    { class: "fault" },
    h(
      "summary",
      {},
      h("span", { class: "fault-title" }, fault.title),
      h("span", { class: "quiet small" }, fault.component),
      state,
    ),
    h(
      "div",
      { class: "fault-body" },
      h("p", { class: "fault-what" }, fault.what),
      facts(fault),
      signalsOf(fault.signals),
      controls,
      problem,
    ),
  );
  return { element, update };

  /** `partly` is what to say of a fault that is on in some of several labs. */
  function update({ isTold, mayWrite, on, partly = null }) {
    const key = JSON.stringify([isTold, mayWrite, on, partly]);
    // What somebody is choosing stays.
    if (key === shown) return;
    shown = key;
    evidence?.destroy();
    evidence = isTold ? (on ? whatShows(on) : whatHasGone()) : null;
    was = isTold ? on : null;
    state.className = isTold && (on || partly) ? "fault-state on" : "fault-state";
    state.textContent = isTold ? (partly ?? (on ? "on" : "off")) : "";
    replace(controls, isTold ? (on ? onPart(on, mayWrite) : mayWrite ? offPart(partly) : null) : null);
    problem.textContent = "";
  }

  function whatShows({ since }) {
    return onLook ? evidenceView(fault, { since, look: () => onLook(fault.name) }) : null;
  }

  /** Of one that was on a moment ago, here; what was before somebody came to this page nobody remembers. */
  function whatHasGone() {
    if (!onLookBack || !was?.since) return null;
    const over = { ...was, until: Date.now() / 1000 };
    return evidenceView(fault, { since: over.until, look: () => onLookBack(fault.name, over), isOver: true });
  }

  function onPart({ since, parameters }, mayWrite) {
    const chosen = Object.entries(parameters ?? {}).map(([name, value]) => `${name} = ${value}`).join(", ");
    return [
      h("p", {}, `On${since ? ` since ${dateTime(since)}` : ""}${chosen ? `, with ${chosen}` : ""}.`),
      evidence?.element,
      mayWrite
        ? button("Switch off", (event) => change(event.currentTarget, "switch-off", { name: fault.name }))
        : null,
    ];
  }

  function offPart(partly) {
    const fields = fault.parameters.map((parameter) => [parameter.name, parameterField(parameter)]);
    const send = (event) => {
      const set = Object.fromEntries(fields.map(([name, field]) => [name, field.value()]));
      change(event.currentTarget, "switch-on", { name: fault.name, set });
    };
    return [
      evidence?.element,
      fields.length > 0 ? h("div", { class: "fault-parameters" }, fields.map(([, field]) => field.element)) : null,
      h(
        "div",
        { class: "fault-buttons" },
        button("Switch on", send),
        partly
          ? button("Switch off", (event) => change(event.currentTarget, "switch-off", { name: fault.name }))
          : null,
      ),
      h(
        "p",
        { class: "quiet small" },
        `It shows within ${fault.secondsToEffect} s, at ${fault.needsRps} requests per second or more.`,
      ),
    ];
  }

  async function change(control, verb, wish) {
    control.disabled = true;
    problem.textContent = "";
    try {
      await onSwitch(verb, wish);
      // The button that had the focus is gone: what it belonged to keeps it.
      element.querySelector("summary").focus({ preventScroll: true });
    } catch (error) {
      if (error?.name !== "AbortError") problem.textContent = error.message;
    } finally {
      control.disabled = false;
    }
  }
}

function button(text, onclick) {
  return h("button", { type: "button", class: "button", onclick }, text);
}

function facts({ service, component, kind, victims, name }) {
  const rows = [
    ["Where", `${service}, ${component}`],
    ["What kind", kind],
    ["Who suffers", victims.length ? victims.join(", then ") : "nobody else"],
    ["In a terminal", h("code", {}, `python3 lab fault on ${name}`)],
  ];
  return h("dl", { class: "fault-facts" }, rows.map(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]));
}

function signalsOf(signals) {
  return h(
    "div",
    { class: "fault-signals" },
    Object.entries(SIGNALS).map(([name, title]) =>
      h(
        "section",
        {},
        h("h3", {}, title),
        sentences("Show", signals[name].shows),
        sentences("Do not show", signals[name].hides),
      )
    ),
  );
}

function sentences(title, list) {
  return list.length === 0
    ? null
    : [h("h4", { class: "quiet" }, title), h("ul", {}, list.map((sentence) => h("li", {}, sentence)))];
}

function parameterField({ name, help, kind, whole, choices, minimum, maximum, default: usual }) {
  const id = uniqueId("parameter");
  const helpId = uniqueId("help");
  const field = choices.length > 0
    ? h("select", { id, class: "select", "aria-describedby": helpId }, choices.map((choice) => h("option", {}, choice)))
    : h("input", {
      id,
      class: "input",
      type: kind === "number" ? "number" : "text",
      step: whole ? 1 : "any",
      min: minimum,
      max: maximum,
      "aria-describedby": helpId,
    });
  field.value = usual;
  const limits = [minimum === null ? "" : `at least ${minimum}`, maximum === null ? "" : `at most ${maximum}`];
  const said = limits.filter(Boolean).join(", ");
  return {
    element: h(
      "div",
      { class: "field" },
      h("label", { for: id }, name),
      field,
      h("p", { id: helpId, class: "quiet small" }, said ? `${help} (${said})` : help),
    ),
    value: () => field.value,
  };
}
