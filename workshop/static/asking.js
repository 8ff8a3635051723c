/** Asking the workshop's server: JSON in and out, errors as sentences, and again every two seconds. */

const EVERY_MS = 2000;

/** The server said no, or did not answer; the message says what to do. */
export class AskingFailed extends Error {
  /** @param {number|null} status null when there was no answer */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {{json?: object, secret?: string}} options with `json` it is a POST
 */
export async function ask(path, { json, secret } = {}) {
  const headers = { Accept: "application/json" };
  if (secret) headers.Authorization = `Bearer ${secret}`;
  if (json) headers["Content-Type"] = "application/json";
  let response;
  let content;
  try {
    response = await fetch(path, {
      method: json ? "POST" : "GET",
      headers,
      body: json ? JSON.stringify(json) : undefined,
      credentials: "omit",
    });
    content = await response.json();
  } catch {
    throw new AskingFailed("The workshop's server does not answer. It is tried again.", null);
  }
  if (!response.ok) {
    const said = String(content.error ?? response.statusText);
    throw new AskingFailed(`${said.charAt(0).toUpperCase()}${said.slice(1)}.`, response.status);
  }
  return content;
}

/**
 * Asks again and again, as long as the page is looked at; what is wrong meanwhile stands in the header, and what was
 * drawn stays.
 *
 * @param {function(): Promise<*>} question
 * @param {function(*): void} draw
 * @returns {function(): void} asks at once
 */
export function keepAsking(question, draw) {
  const connection = document.getElementById("connection");
  let timer = null;
  let turn = 0;
  document.addEventListener("visibilitychange", () => document.hidden || look());
  look();
  return look;

  async function look() {
    clearTimeout(timer);
    turn += 1;
    const own = turn;
    try {
      const answer = await question();
      // What was asked before, and answers later, is old.
      if (own !== turn) return;
      say("");
      draw(answer);
    } catch (error) {
      if (!(error instanceof AskingFailed)) throw error;
      if (own !== turn) return;
      say(error.message);
      // Asking again does not make somebody the instructor.
      if (error.status === 403) return;
    }
    timer = setTimeout(() => (document.hidden ? null : look()), EVERY_MS);
  }

  function say(text) {
    if (connection.textContent !== text) connection.textContent = text;
  }
}
