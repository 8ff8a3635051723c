/** Asks the gateway. */

import { current } from "./session.js";

const PATIENCE_MILLISECONDS = 15_000;

/** What the gateway refused, or did not answer. `status` is 0 when there was no answer. */
export class Refused extends Error {
  constructor(status, message, traceId) {
    super(message);
    this.status = status;
    this.traceId = traceId;
  }
}

/**
 * @returns {Promise<{content: *, traceId: string?}>} Throws Refused.
 */
export async function ask(method, path, body) {
  const session = current();
  let response;
  let content;
  try {
    response = await fetch(path, {
      method,
      headers: {
        ...(session === null ? {} : { Authorization: `Bearer ${session.token}` }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
    content = await response.json();
  } catch (error) {
    throw new Refused(0, error.name === "TimeoutError" ? "the exchange did not answer in time" : "the exchange is away");
  }
  const traceId = response.headers.get("X-Trace-Id");
  if (!response.ok) {
    const error = content?.error ?? {};
    const sentence = [error.message ?? `status ${response.status}`, error.hint].filter(Boolean).join(" — ");
    throw new Refused(response.status, sentence, traceId);
  }
  return { content, traceId };
}
