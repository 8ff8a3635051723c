/** The solutions of the exercises, by part; read when they are looked at. */

import { h, replace, uniqueId } from "../../workbench/static/ui/dom.js";
import { markdown } from "../../workbench/static/ui/markdown.js";

/**
 * @param {function(): Promise<object>} read
 * @returns {HTMLElement}
 */
export function solutionsView(read) {
  const root = h("div", { class: "faults" }, h("p", { class: "quiet" }, "Reading the exercises …"));
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    read().then(
      (told) => replace(root, told.parts.map((part) => partOf(part, told.exercises)), told.unreadable.map(problemOf)),
      (error) => replace(root, h("p", { class: "field-error" }, error.message)),
    );
  });
  watch.observe(root);
  return root;
}

function partOf({ number, title }, all) {
  const own = all.filter(({ part }) => part === number);
  if (own.length === 0) return null;
  const id = uniqueId("part");
  return h(
    "section",
    { class: "faults-service", "aria-labelledby": id },
    h("h2", { id }, `${number}. ${title}`),
    own.map(exerciseOf),
  );
}

function problemOf({ name, problem }) {
  return h("p", { class: "field-error" }, `${name} cannot be read: ${problem}`);
}

function exerciseOf({ number, title, minutes, idea, faults, values, tasks, explanation }) {
  return h(
    "details",
    { class: "fault" },
    h(
      "summary",
      {},
      h("span", { class: "fault-title" }, `${number}. ${title}`),
      h("span", { class: "quiet small" }, idea),
      h("span", { class: "quiet small" }, `${minutes} min`),
    ),
    h(
      "div",
      { class: "fault-body workshop-solution" },
      faults.length > 0 ? h("p", {}, h("strong", {}, "On in this exercise: "), faults.map(faultWithSettings).join("; ")) : null,
      values.map(({ name, samples }) =>
        h("p", { class: "small" }, h("code", {}, `{${name}}`), ` differs from learner to learner: ${samples.join(" · ")}`)
      ),
      tasks.map(taskOf),
      h("h3", {}, "Explanation, which they see when all is solved"),
      h("div", { class: "workshop-prose" }, markdown(explanation)),
    ),
  );
}

function faultWithSettings({ name, set }) {
  const chosen = Object.entries(set).map(([parameter, value]) => `${parameter} = ${value}`);
  return chosen.length > 0 ? `${name} (${chosen.join(", ")})` : name;
}

function taskOf({ id, asks, points, reference, choices, solution, mistakes }) {
  return h(
    "section",
    { class: "workshop-task" },
    h("h3", {}, id, h("span", { class: "quiet" }, ` ${points} points`)),
    h("div", { class: "workshop-prose quiet" }, markdown(asks)),
    choices.length > 0
      ? h("ul", {}, choices.map(({ text, right, why }) => h("li", {}, right ? h("strong", {}, `✓ ${text}`) : text, ` ${why}`)))
      : null,
    // A solution mostly begins with it.
    reference && !solution.includes(reference.trim()) ? h("pre", {}, h("code", {}, reference)) : null,
    h("div", { class: "workshop-prose" }, markdown(solution)),
    mistakes.length > 0
      ? h(
        "details",
        { class: "small" },
        h("summary", {}, "What people answer wrongly"),
        h("ul", {}, mistakes.map(({ answer, says }) => h("li", {}, h("code", {}, answer), ` ${says}`))),
      )
      : null,
  );
}
