/** What went wrong with a question to one of the three APIs, in a form that a page can show and a program can judge. */

/** How an API is called in a sentence. */
export const BACKENDS = { prometheus: "Prometheus", loki: "Loki", tempo: "Tempo", alert_inbox: "The alert inbox" };

/**
 * kind: "unreachable" nobody answers; "timeout" no answer in time; "bad query" the question is refused; "not found";
 * "too large" more than the API, or this page, can take; "forbidden" not from here; "not now" something comes
 * first; "server" anything else.
 * position: where in the query, {line, column} from 1, or null.
 */
export class ApiError extends Error {
  constructor({ kind, backend = null, status = 0, message, hint = null, position = null }) {
    super(message);
    this.name = "ApiError";
    this.kind = kind;
    this.backend = backend;
    this.status = status;
    this.hint = hint;
    this.position = position;
  }

  /** Whether the same question may well be answered a little later. */
  get passing() {
    return ["unreachable", "timeout", "server"].includes(this.kind);
  }
}

const HINTS = {
  unreachable: () => "The page asks again by itself.",
  timeout: (name) => `${name} took too long. Ask for a shorter time range or fewer series.`,
  "too large": () => "Ask for less: a shorter time range, a longer step, or a narrower selector.",
  forbidden: () => "From another machine the workbench is read-only.",
};

/** The error of an answer that is none.
 *
 * @param {string?} backend
 * @param {number} status of HTTP
 * @param {string} body JSON of Prometheus' form, of the relay's, or plain text as Loki and Tempo write it
 */
export function errorOfAnswer(backend, status, body) {
  const told = inBody(body);
  const message = told.message || `HTTP ${status}`;
  const kind = kindOf(status, told.type, message);
  const name = BACKENDS[backend] ?? "The workbench";
  return new ApiError({
    kind,
    backend,
    status,
    message,
    hint: HINTS[kind]?.(name) ?? null,
    position: kind === "bad query" ? positionIn(message) : null,
  });
}

/** The error of a request that got no answer at all: the workbench itself is gone, or the network. */
export function errorOfSilence(backend) {
  return new ApiError({
    kind: "unreachable",
    backend,
    message: "The workbench does not answer.",
    hint: "Is the lab still running? Start it with python3 lab up; this page goes on by itself.",
  });
}

/** The error of a request that this page gave up after so many seconds. */
export function errorOfTimeout(backend, seconds) {
  const name = BACKENDS[backend] ?? "The workbench";
  return new ApiError({
    kind: "timeout",
    backend,
    message: `No answer within ${seconds} s.`,
    hint: HINTS.timeout(name),
  });
}

/**
 * Where in a query the message says the fault is: Prometheus' `1:5: parse error: …`, Loki's and Tempo's `parse error
 * at line 1, col 5: …`. Null where it says nothing.
 *
 * @param {string} message
 * @returns {{line: number, column: number}|null}
 */
export function positionIn(message) {
  const found = /(?:^|[\s:])(\d+):(\d+): parse error/.exec(message) ?? /line (\d+), col(?:umn)? (\d+)/.exec(message);
  return found ? { line: Number(found[1]), column: Number(found[2]) } : null;
}

function inBody(body) {
  const text = body.trim();
  if (text.startsWith("{")) {
    try {
      const content = JSON.parse(text);
      return { message: String(content.error ?? content.message ?? ""), type: content.errorType ?? null };
    } catch {
      // Cut short, or no JSON after all: shown as it is.
    }
  }
  // Somebody else's error page tells the reader nothing.
  return { message: text.startsWith("<") ? "" : text.slice(0, 2000), type: null };
}

function kindOf(status, type, message) {
  if (type === "unreachable" || status === 502 || status === 503) {
    return type === "timeout" ? "timeout" : "unreachable";
  }
  if (type === "timeout" || status === 504 || status === 408) {
    return "timeout";
  }
  if (status === 404) {
    return "not found";
  }
  if (type === "not_now") {
    return "not now";
  }
  if (status === 401 || status === 403) {
    return "forbidden";
  }
  if (status === 413 || /exceeded maximum resolution|too many|too large|limit.*(exceeded|reached)/i.test(message)) {
    return "too large";
  }
  return status === 400 || status === 422 ? "bad query" : "server";
}
