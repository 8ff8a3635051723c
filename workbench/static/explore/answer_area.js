/** Where a pane shows what came: the answer, why there is none, or where to begin. */
import { h, replace } from "../ui/dom.js";
import { errorState, loading } from "../ui/states.js";
import { emptyAnswer } from "./results/empty.js";
import { isEmpty, RESULTS } from "./results/index.js";
import { startPanel } from "./start.js";

export class AnswerArea {
  #tools;
  /** The answer's kind and what draws it. */
  #shown = null;
  #bar = h("div", { class: "pane-style" });
  #status = h("p", { class: "pane-status" });
  #notice = h("div", { class: "pane-notice" });
  #content = h("div", { class: "pane-content" });
  #start = h("div", { class: "pane-start" });
  #result;

  /**
   * @param {Object<string, HTMLElement>} controls - `views` and `save` stand in its bar
   * @param {Omit<import("./pane.js").Tools, "bar">} tools
   */
  constructor(controls, tools) {
    this.#tools = { ...tools, bar: (control) => replace(this.#bar, control) };
    this.#result = h(
      "div",
      { class: "pane-result" },
      h("div", { class: "pane-bar" }, controls.views, this.#bar, this.#status, controls.save),
      this.#notice,
      this.#content,
    );
  }

  get elements() {
    return [this.#start, this.#result];
  }

  /** An answer takes its time. What is shown stays. */
  wait() {
    if (this.#shown === null) replace(this.#content, loading("Asking"));
  }

  /**
   * @param {import("./asking.js").Answer} answer
   * @param {import("./state.js").Pane} asked
   * @param {{told: string, emptyWhenHealthy: string}} words - what came, in short; why nothing may be well
   */
  show(answer, asked, { told, emptyWhenHealthy }) {
    this.#toResult();
    this.#content.classList.remove("stale");
    if (isEmpty(answer)) {
      this.#unshow();
      replace(this.#content, emptyAnswer(answer, emptyWhenHealthy));
    } else {
      if (this.#shown?.kind !== answer.kind) {
        this.#unshow();
        const place = h("div", { class: `result result-${answer.kind}` });
        replace(this.#content, place);
        this.#shown = { kind: answer.kind, view: RESULTS[answer.kind](place, this.#tools) };
      }
      this.#shown.view.update(answer, asked);
    }
    const { warnings = [] } = answer;
    replace(this.#notice, warnings.length ? h("p", { class: "result-note" }, warnings.join(" ")) : null);
    this.#status.textContent = told;
  }

  /** The last good answer stays, dimmed: what it says was true when it was asked. */
  fail(error, { retry }) {
    this.#toResult();
    this.#status.textContent = "";
    this.#content.classList.toggle("stale", this.#shown !== null);
    if (this.#shown === null) this.#content.replaceChildren();
    const told = error?.kind === "bad query"
      ? h("p", { class: "result-note" }, "The query was refused: why stands under it.")
      : errorState(error, { retry });
    const kept = this.#shown ? h("p", { class: "result-note" }, "Below is the last answer that came.") : null;
    replace(this.#notice, told, kept);
  }

  stopped() {
    this.#status.textContent = "Cancelled.";
    if (this.#shown === null) this.#content.replaceChildren();
  }

  /** Nothing is asked. @param {object} options - of `startPanel` */
  begin(options) {
    this.#unshow();
    this.#notice.replaceChildren();
    this.#status.textContent = "";
    this.#result.hidden = true;
    this.#start.hidden = false;
    startPanel(this.#start, options);
  }

  destroy() {
    this.#unshow();
  }

  #toResult() {
    this.#start.hidden = true;
    this.#result.hidden = false;
  }

  #unshow() {
    this.#shown?.view.destroy();
    this.#shown = null;
  }
}
