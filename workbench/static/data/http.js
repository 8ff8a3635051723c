/**
 * Asking the workbench's server. One place for timeouts, kinds of errors, the number of questions at a time, and for
 * two parts of a page that ask the same question at the same moment.
 */

import { ApiError, errorOfAnswer, errorOfSilence, errorOfTimeout } from "./api_error.js";
import { note } from "./health.js";
import { Queue } from "./queue.js";

export { ApiError } from "./api_error.js";

/** A little longer than the server's own patience with an API, whose answer is the better message. */
const TIMEOUT_SECONDS = 35;

/**
 * A browser opens six connections to one host. An API that hangs may hold four of them: the others go on with the rest.
 */
const queue = new Queue(6, 4);

/** Questions under way, by what they ask: {promise, askers, controller}. */
const underWay = new Map();

/** An answer beyond this is not parsed: the page would freeze. In bytes. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

/**
 * The JSON that an address answers.
 *
 * @param {string} path with the API's prefix: "/api/prometheus/api/v1/query"
 * @param {{params?: Object<string, *>, method?: "GET"|"POST", json?: *, headers?: Object<string, string>,
 *   signal?: AbortSignal, timeout?: number, urgent?: boolean}} options null parameters are left out, lists are
 *   repeated; `json` is a body; timeout in seconds;
 *   urgent questions (somebody waits for a completion) go before those of panels.
 * @returns {Promise<*>} rejects with ApiError, or with the signal's reason when it aborts
 */
export function ask(path, options = {}) {
  const { params = {}, method = "GET", json, headers = {}, signal, timeout = TIMEOUT_SECONDS, urgent = false } =
    options;
  const question = { path, body: encoded(params), method, json, headers, timeout, urgent, backend: backendOf(path) };
  if (json !== undefined) {
    return send(question, signal);
  }
  return shared(question, signal);
}

/** Which API a path asks: "prometheus", "loki", "tempo", "alert_inbox", or null for the workbench itself. */
export function backendOf(path) {
  return /^\/api\/(prometheus|loki|tempo|alert_inbox)\//.exec(path)?.[1] ?? null;
}

/** A path with its parameters, as it can be opened in a browser. */
export function addressOf(path, params = {}) {
  const query = encoded(params);
  return query ? `${path}?${query}` : path;
}

/** The same question, asked twice before it is answered, is asked once; it is given up when the last asker leaves. */
function shared(question, signal) {
  const key = `${question.method} ${question.path}?${question.body}`;
  let entry = underWay.get(key);
  if (entry === undefined) {
    const controller = new AbortController();
    const promise = send(question, controller.signal).finally(() => {
      if (underWay.get(key) === entry) {
        underWay.delete(key);
      }
    });
    entry = { promise, askers: 0, controller };
    underWay.set(key, entry);
    // Every asker may have left by the time it fails.
    promise.catch(() => {});
  }
  entry.askers += 1;
  return new Promise((resolve, reject) => {
    const leave = () => {
      entry.askers -= 1;
      if (entry.askers === 0) {
        // Whoever asks from now on wants a fresh answer.
        if (underWay.get(key) === entry) {
          underWay.delete(key);
        }
        entry.controller.abort(signal.reason);
      }
      reject(signal.reason);
    };
    if (signal?.aborted) {
      leave();
      return;
    }
    signal?.addEventListener("abort", leave, { once: true });
    entry.promise.then(resolve, reject).finally(() => signal?.removeEventListener("abort", leave));
  });
}

async function send(question, signal) {
  const release = await queue.turn({ group: question.backend ?? "", signal, urgent: question.urgent });
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), question.timeout * 1000);
  const signals = signal ? AbortSignal.any([signal, patience.signal]) : patience.signal;
  try {
    const answer = await fetch(...request(question, signals));
    const content = await read(answer, question);
    note(question.backend, null);
    return content;
  } catch (error) {
    if (signal?.aborted) {
      throw signal.reason;
    }
    throw noted(question, patience.signal.aborted ? errorOfTimeout(question.backend, question.timeout) : error);
  } finally {
    clearTimeout(timer);
    release();
  }
}

function request({ path, body, method, json, headers: more }, signal) {
  if (json !== undefined) {
    const headers = { "Content-Type": "application/json", ...more };
    return [path, { method: "POST", headers, body: JSON.stringify(json), signal }];
  }
  // A long query does not fit into a request line.
  if (method === "POST") {
    return [path, { method, headers: { "Content-Type": "application/x-www-form-urlencoded", ...more }, body, signal }];
  }
  return [body ? `${path}?${body}` : path, { headers: { Accept: "application/json", ...more }, signal }];
}

async function read(answer, { backend }) {
  if (!answer.ok) {
    throw errorOfAnswer(backend, answer.status, await answer.text());
  }
  if (Number(answer.headers.get("Content-Length")) > LARGEST_ANSWER) {
    throw errorOfAnswer(backend, 413, "The answer is larger than a page can show.");
  }
  const text = await answer.text();
  if (text === "") {
    return null;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError({ kind: "server", backend, status: answer.status, message: "The answer is not JSON." });
  }
}

function noted({ backend }, error) {
  // fetch() throws a TypeError when there is no answer, without saying why.
  const told = error instanceof ApiError ? error : errorOfSilence(backend);
  note(backend, told);
  return told;
}

function encoded(params) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined) {
        pairs.append(name, String(one));
      }
    }
  }
  return pairs.toString();
}
