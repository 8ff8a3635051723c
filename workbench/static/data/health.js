/**
 * How the three APIs do, as far as this page's own questions tell. The header shows it, the refresh control heeds it.
 */

/** @type {Map<string, {error: Error|null, answered: number|null}>} by backend; when it last answered, unix seconds */
const states = new Map();
const listeners = new Set();

/**
 * Notes what became of a question.
 *
 * @param {string?} backend null for the workbench's own server
 * @param {import("./api_error.js").ApiError?} error null: it was answered. A refused query is an answer too.
 */
export function note(backend, error) {
  const name = backend ?? "workbench";
  const trouble = error?.passing ? error : null;
  const before = states.get(name);
  const now = Date.now() / 1000;
  states.set(name, { error: trouble, answered: trouble ? (before?.answered ?? null) : now });
  if (before === undefined || Boolean(before.error) !== Boolean(trouble)) {
    for (const listener of [...listeners]) {
      listener(name, trouble, before === undefined);
    }
  }
}

/** The trouble with an API: null when it answers, undefined when it has not been asked. */
export function troubleOf(backend) {
  const state = states.get(backend);
  return state === undefined ? undefined : state.error;
}

/**
 * Calls fn(backend, error|null, first) when an API goes or comes back, and at its first answer or silence. Returns what
 * ends that.
 */
export function onHealth(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/** Whether everything that was asked is in trouble: asking on makes no sense for a while. */
export function allTrouble() {
  return states.size > 0 && [...states.values()].every((state) => state.error !== null);
}

/** When an API last answered, in unix seconds; null: not yet. */
export function lastAnswer(backend) {
  return states.get(backend)?.answered ?? null;
}

/** When any of the three APIs last answered, in unix seconds; null: not yet. */
export function lastAnswerOfAny() {
  const times = [...states].filter(([name]) => name !== "workbench").map(([, { answered }]) => answered ?? 0);
  return Math.max(0, ...times) || null;
}
