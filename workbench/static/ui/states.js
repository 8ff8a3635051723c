/** The three things a place shows when it has nothing to show: it loads, it failed, it is empty. */

import { h, replace } from "./dom.js";

/** Below this many milliseconds nobody needs to be told that something loads. */
const PATIENCE_MS = 150;

/** @param {string} label what loads, for a sentence: "Loading the traces" */
export function loading(label = "Loading") {
  return h(
    "div",
    { class: "state state-loading", role: "status" },
    h("span", { class: "spinner", "aria-hidden": "true" }),
    label,
    "…",
  );
}

/**
 * What went wrong, what to do, and a button that tries again.
 *
 * @param {Error} error an ApiError says most
 * @param {{retry?: function(): void}} options
 */
export function errorState(error, { retry } = {}) {
  return h(
    "div",
    { class: "state state-error", role: "alert" },
    h("p", { class: "state-title" }, titleOf(error)),
    h("p", { class: "state-message" }, error?.message ?? String(error)),
    error?.hint ? h("p", { class: "state-hint" }, error.hint) : null,
    retry ? h("button", { type: "button", class: "button", onclick: retry }, "Try again") : null,
  );
}

/**
 * Nothing there, and why.
 *
 * @param {string} text "No error in the last 15 minutes."
 * @param {string|Node|null} hint what to do to see something
 */
export function emptyState(text, hint = null) {
  return h(
    "div",
    { class: "state state-empty" },
    h("p", { class: "state-title" }, text),
    hint ? h("p", { class: "state-hint" }, hint) : null,
  );
}

/**
 * A place that shows what is loaded, and goes on showing it while it is loaded again.
 *
 * The first time there is a loading state, but only if it takes a while; on a refresh the old content stays; after a
 * failure the error stands above the old content, which is dimmed, until the next load succeeds.
 *
 * @param {HTMLElement} root
 * @param {function(AbortSignal): Promise<*>} load
 * @param {function(*, HTMLElement): void} render gets the data and the element to fill; called again with new data
 * @param {{label?: string, signal?: AbortSignal}} options
 * @returns {{refresh: function(): Promise<void>, destroy: function(): void}} the first load has begun
 */
export function showing(root, load, render, { label = "Loading", signal } = {}) {
  const notice = h("div", { class: "showing-notice" });
  const content = h("div", { class: "showing-content" });
  replace(root, notice, content);
  let controller = null;
  let loaded = false;

  const refresh = async () => {
    controller?.abort();
    const mine = new AbortController();
    controller = mine;
    root.setAttribute("aria-busy", "true");
    const timer = setTimeout(() => !loaded && replace(notice, loading(label)), PATIENCE_MS);
    try {
      const data = await load(mine.signal);
      if (!mine.signal.aborted) {
        notice.replaceChildren();
        content.classList.remove("stale");
        loaded = true;
        render(data, content);
      }
    } catch (error) {
      if (!mine.signal.aborted) {
        if (error?.name !== "ApiError") {
          console.error(error);
        }
        content.classList.toggle("stale", loaded);
        replace(notice, errorState(error, { retry: refresh }));
      }
    } finally {
      clearTimeout(timer);
      if (controller === mine) {
        root.setAttribute("aria-busy", "false");
      }
    }
  };

  const destroy = () => controller?.abort();
  signal?.addEventListener("abort", destroy, { once: true });
  refresh();
  return { refresh, destroy };
}

const TITLES = {
  unreachable: "No answer",
  timeout: "Too slow",
  "bad query": "The query is not understood",
  "not found": "Not found",
  "too large": "Too much at once",
  "not now": "Not now",
  forbidden: "Not allowed from here",
  server: "The server failed",
};

function titleOf(error) {
  return TITLES[error?.kind] ?? "This part of the page failed";
}
