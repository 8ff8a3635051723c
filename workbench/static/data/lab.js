/** What the workbench's own server knows: the lab's description, and marking a moment. */

import { ask } from "./http.js";

/** The description that came with the page; the server's pages.py says its form. */
export function labInPage() {
  const text = document.getElementById("lab")?.textContent ?? "";
  const told = text.trim() === "" ? {} : JSON.parse(text);
  return {
    version: "",
    stack: "embedded",
    readOnly: true,
    grafanaUrl: null,
    alertInbox: false,
    systems: [],
    dashboards: [],
    questions: [],
    scrapeIntervalSeconds: 5,
    ...told,
  };
}

/** The lab's description as it is now. */
export function lab({ signal } = {}) {
  return ask("/api/lab", { signal });
}

/** The path of exercises and how far the learner is: workbench/exercises.py says its form. */
export function exercises({ signal } = {}) {
  return ask("/api/exercises", { signal });
}

/** One exercise: story, tasks, and what has been paid for. */
export function exercise(name, { signal } = {}) {
  return ask(`/api/exercises/${encodeURIComponent(name)}`, { signal });
}

/**
 * Does something in an exercise.
 *
 * @param {"start"|"check"|"hint"|"solution"|"reset"} verb
 * @param {{exercise: string, task?: string, answer?: string}} wish
 */
export function inExercise(verb, wish, { signal } = {}) {
  return ask(`/api/exercises/${verb}`, { json: wish, signal });
}

/** What can be broken; not what is. */
export function faults({ signal } = {}) {
  return ask("/api/faults", { signal });
}

/** What is broken now, {refusal: string|null, on: {name: {since, parameters}}}: the answer to many a question. */
export function faultsThatAreOn({ signal } = {}) {
  return ask("/api/faults/on", { signal });
}

/** What the telemetry shows of a fault that is on: {findings: [{says, expects, before, now, holds}]}. */
export function evidenceOfFault(name, { signal } = {}) {
  return ask(`/api/faults/evidence/${encodeURIComponent(name)}`, { signal });
}

/**
 * Whether all is as it was before a fault was on, as evidenceOfFault.
 *
 * @param {{since: number, until: number, parameters: Object<string, unknown>}} was unix seconds, and what was chosen
 */
export function recoveryFromFault(name, { since, until, parameters }, { signal } = {}) {
  const chosen = Object.fromEntries(Object.entries(parameters ?? {}).map(([key, value]) => [`set.${key}`, value]));
  return ask(`/api/faults/recovery/${encodeURIComponent(name)}`, { params: { since, until, ...chosen }, signal });
}

/**
 * Breaks or mends something; answers as faultsThatAreOn.
 *
 * @param {"switch-on"|"switch-off"|"clear"} verb
 * @param {{name?: string, set?: Object<string, string>}} wish
 */
export function switchFaults(verb, wish, { signal } = {}) {
  return ask(`/api/faults/${verb}`, { json: wish, signal });
}

/**
 * Marks a moment: every dashboard shows it.
 *
 * @param {{text: string, kind: string, service?: string}} moment
 */
export function annotate(moment, { signal } = {}) {
  return ask("/api/annotations", { json: moment, signal });
}
