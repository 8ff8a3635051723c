/** The path of exercises in its parts, and how far the learner is. */

import { exerciseAddress } from "../addresses.js";
import { exercises as read } from "../data/lab.js";
import { h, replace, uniqueId } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { showing } from "../ui/states.js";

export const usesTime = false;
export const defaultRefresh = 0;

export function mount(root, { signal, setTitle }) {
  setTitle("Exercises");
  const place = h("div", {});
  replace(
    root,
    h(
      "div",
      { class: "exercise-path" },
      h("h1", {}, "Exercises"),
      h(
        "p",
        { class: "quiet" },
        "Learn to read telemetry on the running lab: each answer is checked against live data.",
      ),
      place,
    ),
  );
  showing(
    place,
    (aborted) => read({ signal: aborted }),
    (told, content) => replace(
      content,
      progress(told),
      told.parts.map((part) => partOf(part, told.exercises)),
      unreadable(told.unreadable),
    ),
    { label: "Reading the exercises", signal },
  );
  return { unmount() {} };
}

function progress({ learner, exercises }) {
  const solved = exercises.filter((one) => one.solved).length;
  const points = sum(exercises, "points");
  const open = exercises.filter((one) => !one.solved);
  // What this lab has no system for can wait for another lab, unless there is nothing else.
  const possible = open.some((one) => one.here) ? open.filter((one) => one.here) : open;
  const next = possible.find((one) => one.started) ?? possible[0];
  return h(
    "div",
    { class: "exercise-progress" },
    h(
      "p",
      {},
      h("strong", {}, `${solved} of ${exercises.length} solved`),
      `, ${points} of ${sum(exercises, "points_possible")} points. Learner: ${learner}`,
    ),
    h("progress", { value: solved, max: exercises.length, "aria-label": "Exercises solved" }),
    next
      ? h(
        "a",
        { class: "button button-primary", href: exerciseAddress(next.name) },
        `${solved || next.started ? "Go on" : "Begin"} with ${next.number}. ${next.title}`,
      )
      : h("p", {}, "All of them are solved."),
  );
}

function partOf({ number, title }, all) {
  const own = all.filter(({ part }) => part === number);
  if (own.length === 0) {
    return null;
  }
  const id = uniqueId("part");
  const solved = own.filter((one) => one.solved).length;
  return h(
    "section",
    { class: "exercise-part", "aria-labelledby": id },
    h("h2", { id }, `${number}. ${title}`, h("span", { class: "quiet" }, ` ${solved} of ${own.length}`)),
    h("ol", {}, own.map(entry)),
  );
}

function entry(exercise) {
  const state = exercise.solved ? "solved" : exercise.started ? "begun" : "";
  return h(
    "li",
    { class: "exercise-entry" },
    h("span", { class: "exercise-state" }, exercise.solved ? icon("check") : null),
    h(
      "div",
      {},
      h("a", { href: exerciseAddress(exercise.name) }, `${exercise.number}. ${exercise.title}`),
      h("p", { class: "quiet small" }, exercise.idea),
    ),
    h(
      "p",
      { class: "exercise-facts quiet small" },
      state ? `${state} · ` : "",
      exercise.here ? "" : `needs a lab with the system ${exercise.system} · `,
      `${exercise.minutes} min · ${exercise.points}/${exercise.points_possible} points`,
    ),
  );
}

/** What somebody has to mend before it can be worked on. */
function unreadable(all) {
  if (all.length === 0) {
    return null;
  }
  const id = uniqueId("part");
  return h(
    "section",
    { class: "exercise-part", "aria-labelledby": id },
    h("h2", { id }, "Not readable"),
    h(
      "ol",
      {},
      all.map(({ name, problem }) =>
        h(
          "li",
          { class: "exercise-entry" },
          h("span", {}),
          h("div", {}, h("p", {}, name), h("p", { class: "quiet small" }, problem)),
        )
      ),
    ),
  );
}

function sum(list, name) {
  return list.reduce((total, one) => total + one[name], 0);
}
