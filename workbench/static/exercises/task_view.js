/** One task of an exercise: what it asks, where to answer, the verdict, hints, the solution once it is asked for. */

import { h, replace, uniqueId } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { answerField } from "./answer_fields.js";
import { ask } from "./asking.js";
import { draft } from "./drafts.js";
import { blocks, sentence } from "./texts.js";

/**
 * @param {object} task as the server tells it
 * @param {{number: number, of: number, readOnly: boolean, panes: object, texts: object, draft: string,
 *   act: (verb: string, wish: object) => Promise<object>}} options `act` does something in the exercise and answers as
 *   the server; `panes` are Explore's; `texts` as for `blocks`; `draft` is whose answer to what is written here
 * @returns {{element: HTMLElement, update: (task: object) => void, forget: () => void}} `forget` what is written
 */
export function taskView(task, { number, of, readOnly, panes, texts, draft: name, act }) {
  let now = task;
  const titleId = uniqueId("task");
  const mark = h("span", { class: "exercise-mark" });
  const points = h("span", { class: "quiet small" });
  const asks = h("div", { class: "exercise-text" });
  const verdict = h("div", { class: "exercise-verdict", "aria-live": "polite" });
  const help = h("div", { class: "exercise-help" });
  const hintButton = h("button", {
    type: "button",
    class: "button button-quiet",
    onclick: () => perform(hintButton, "hint"),
  });
  const solutionButton = h("button", {
    type: "button",
    class: "button button-quiet",
    onclick: () => askForSolution(),
  }, "Solution");
  const check = h(
    "button",
    { type: "button", class: "button button-primary", disabled: readOnly, onclick: () => hand() },
    "Check",
  );
  const field = answerField(task, { panes, answer: () => hand(), say: (text) => say(text), disabled: readOnly });
  const element = h(
    "section",
    { class: "exercise-task", "aria-labelledby": titleId },
    h(
      "div",
      { class: "exercise-task-head" },
      h("h2", { id: titleId }, of > 1 ? `Task ${number} of ${of}` : "Task", mark),
      points,
    ),
    asks,
    field.element,
    h(
      "div",
      { class: "exercise-actions" },
      check,
      field.beside,
      h("span", { class: "exercise-gap" }),
      hintButton,
      solutionButton,
    ),
    verdict,
    help,
  );
  const written = draft(field.element, name);
  update(task);
  return { element, update, forget: written.forget };

  function update(told) {
    const before = now;
    now = told;
    const solved = told.passed_at !== null;
    element.classList.toggle("solved", solved);
    replace(mark, solved ? [icon("check"), h("span", {}, "solved")] : null);
    points.textContent = solved
      ? `${told.points} of ${pointsText(told.points_possible)}`
      : told.solution_seen
        ? "no points: the solution was shown"
        : pointsText(told.points_possible - paid(told));
    if (before === told || before.asks !== told.asks) replace(asks, blocks(told.asks, texts));
    hintButton.hidden = told.hint_costs.length === 0 || told.hints_read >= told.hint_costs.length;
    hintButton.disabled = readOnly;
    const costs = told.hint_costs[told.hints_read];
    const free = solved || told.solution_seen || !costs;
    replace(hintButton, free ? "Hint" : `Hint (−${pointsText(costs)})`);
    // Once it is solved nothing is paid for, and nothing is remembered either.
    if (solved || told.solution_seen) hintButton.hidden = true;
    solutionButton.hidden = told.solution !== null;
    solutionButton.disabled = readOnly;
    replace(
      help,
      told.hint_texts.map((text, index) => aside(`Hint ${index + 1} of ${told.hint_costs.length}`, text)),
      told.solution === null ? null : aside("Solution", told.solution),
      solved && told.answer ? h("p", { class: "quiet small" }, "Your answer: ", h("code", {}, told.answer)) : null,
    );
  }

  function aside(title, text) {
    return h("div", { class: "exercise-aside" }, h("h3", {}, title), blocks(text, texts));
  }

  async function hand() {
    const answer = field.value().trim();
    if (!answer) {
      say(field.missing?.() ?? "Write an answer first.");
      field.focus();
      return;
    }
    const told = await perform(check, "check", { answer }, field.meanwhile ?? "Asking the lab …");
    if (!told) return;
    const { passed, judged, says } = told.verdict;
    const kind = passed ? "right" : judged ? "wrong" : "waiting";
    const title = passed ? `Right: ${pointsText(told.points)}` : judged ? "Not yet" : "This cannot be judged now";
    if (passed) written.forget();
    show(kind, title, says.flatMap((text) => blocks(text, texts)));
  }

  function askForSolution() {
    if (now.passed_at !== null) {
      perform(solutionButton, "solution");
      return;
    }
    ask({
      title: "Show the solution?",
      text: "The task is worth no points then. A hint tells less, and costs less.",
      action: "Show it",
      onYes: () => perform(solutionButton, "solution"),
    });
  }

  /** Null when it failed, which is said in the verdict's place. */
  async function perform(button, verb, wish = {}, meanwhile = "") {
    if (button.disabled) return null;
    button.disabled = true;
    element.setAttribute("aria-busy", "true");
    if (meanwhile) show("waiting", meanwhile, []);
    try {
      return await act(verb, { task: now.id, ...wish });
    } catch (error) {
      if (error?.name === "AbortError") return null;
      show("waiting", error?.kind === "not now" ? "Not now" : "That did not work", [h("p", {}, sentence(error))]);
      return null;
    } finally {
      button.disabled = readOnly;
      element.setAttribute("aria-busy", "false");
    }
  }

  function say(text) {
    show("waiting", "", [h("p", {}, text)]);
  }

  function show(kind, title, content) {
    verdict.className = `exercise-verdict ${kind}`;
    replace(verdict, title ? h("p", { class: "exercise-verdict-title" }, title) : null, content);
  }
}

function paid({ hint_costs: costs, hints_read: read }) {
  return costs.slice(0, read).reduce((sum, cost) => sum + cost, 0);
}

/** "1 point", "8 points". Pure. */
export function pointsText(count) {
  return `${count} ${count === 1 ? "point" : "points"}`;
}
