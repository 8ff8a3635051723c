/** Three small marks in the header: whether Prometheus, Loki and Tempo answer. */

import { BACKENDS } from "../data/api_error.js";
import { lastAnswer, onHealth, troubleOf } from "../data/health.js";
import { ask } from "../data/http.js";
import { ago } from "../format/time.js";
import { h, replace } from "../ui/dom.js";
import { popoverButton } from "../ui/popover.js";

/** What each API answers at little cost. */
const SIGNS_OF_LIFE = {
  prometheus: "/api/prometheus/api/v1/status/buildinfo",
  loki: "/api/loki/loki/api/v1/status/buildinfo",
  tempo: "/api/tempo/api/status/buildinfo",
};

/** Those that are silent, or that the page has not asked, are looked after so often. In milliseconds. */
const LOOK_AFTER_MS = 10_000;

export class HealthIndicator {
  #marks = h("span", { class: "health-marks", "aria-hidden": "true" });
  #text = h("span", { class: "health-text" });

  constructor({ announce }) {
    this.announce = announce;
    this.element = popoverButton(
      { class: "button button-quiet health" },
      [this.#marks, this.#text],
      () => this.#panel(),
      { label: "The three APIs", align: "end" },
    );
    onHealth((backend, error, first) => this.#changed(backend, error, first));
    setInterval(() => document.hidden || this.#lookAfter(), LOOK_AFTER_MS);
    setTimeout(() => this.#lookAfter(), 2000);
    this.show();
  }

  show() {
    const states = Object.keys(SIGNS_OF_LIFE).map((backend) => ({ backend, ...stateOf(backend) }));
    replace(this.#marks, states.map(({ state }) => h("span", { class: `health-mark health-${state}` })));
    this.#text.textContent = trouble(states.filter(({ state }) => state === "bad"));
    this.element.setAttribute(
      "aria-label",
      states.map(({ backend, text }) => `${BACKENDS[backend]} ${text}`).join(", "),
    );
    this.element.title = this.element.getAttribute("aria-label");
  }

  #changed(backend, error, first) {
    this.show();
    // That it answers from the start is no news.
    if (backend in SIGNS_OF_LIFE && !(first && error === null)) {
      this.announce(`${BACKENDS[backend]} ${error ? "does not answer" : "answers again"}`);
    }
  }

  #lookAfter() {
    for (const [backend, path] of Object.entries(SIGNS_OF_LIFE)) {
      if (troubleOf(backend) !== null) {
        // What comes of it is noted in health.js.
        ask(path, { timeout: 8 }).catch(() => {});
      }
    }
  }

  #panel() {
    const rows = Object.keys(SIGNS_OF_LIFE).map((backend) => {
      const { state, text } = stateOf(backend);
      const error = troubleOf(backend);
      const last = lastAnswer(backend);
      return h(
        "div",
        { class: "health-row" },
        h("span", { class: `health-mark health-${state}`, "aria-hidden": "true" }),
        h(
          "div",
          {},
          h("strong", {}, BACKENDS[backend]),
          ` ${text}`,
          last ? h("span", { class: "quiet" }, `, last ${ago(last)}`) : null,
          error ? h("p", { class: "small quiet" }, error.message) : null,
        ),
      );
    });
    return h("div", { class: "health-panel" }, rows);
  }
}

/** Few words, for there is little room. */
function trouble(silent) {
  if (silent.length === 0) {
    return "";
  }
  if (silent.length === Object.keys(SIGNS_OF_LIFE).length) {
    return "No answers";
  }
  return `${silent.map(({ backend }) => BACKENDS[backend]).join(", ")}: no answer`;
}

function stateOf(backend) {
  const trouble = troubleOf(backend);
  if (trouble === undefined) {
    return { state: "unknown", text: "was not asked yet" };
  }
  if (trouble === null) {
    return { state: "good", text: "answers" };
  }
  return { state: "bad", text: trouble.kind === "timeout" ? "is too slow" : "does not answer" };
}
