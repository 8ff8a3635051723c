/** One exercise as its learner works on it: story, tasks, and what is behind it once all of it is solved. */

import { exerciseAddress } from "../addresses.js";
import { h, replace } from "../ui/dom.js";
import { ask } from "./asking.js";
import { pointsText, taskView } from "./task_view.js";
import { blocks, sentence } from "./texts.js";

const READ_ONLY = "From here the exercise can only be read: answers are checked on the machine that the lab runs on.";

/**
 * @param {HTMLElement} root
 * @param {object} first the exercise as the server tells it
 * @param {{readOnly: boolean, panes: {queries: () => Array, turnTo: (source: string) => void}, onExplore: () => void,
 *   announce: (text: string) => void, act: (verb: string, wish: object) => Promise<object>}} options `panes` are those
 *   of Explore, `act` asks the server
 */
export function exerciseView(root, first, { readOnly, panes, onExplore, announce, act }) {
  let exercise = first;
  const texts = { workbench: first.workbench, onExplore };
  const facts = h("p", { class: "quiet small" });
  const start = h("div", { class: "exercise-start" });
  const notes = h("div", { class: "exercise-notes", "aria-live": "polite" });
  const folder = h("p", { class: "exercise-folder small" });
  const tasks = h("div", { class: "exercise-tasks" });
  const explanation = h("div", { class: "exercise-explanation", "aria-live": "polite" });
  const forget = h(
    "button",
    { type: "button", class: "button button-quiet", disabled: readOnly, onclick: () => askToForget() },
    "Begin anew",
  );
  let views = [];
  replace(
    root,
    facts,
    h("p", { class: "exercise-idea" }, first.idea),
    readOnly ? h("p", { class: "quiet small" }, READ_ONLY) : null,
    start,
    notes,
    folder,
    h("details", { class: "exercise-story", open: true }, h("summary", {}, "The story"), blocks(first.story, texts)),
    tasks,
    explanation,
    h("div", { class: "exercise-foot" }, forget),
  );
  build();
  update(first);

  function build() {
    views = exercise.tasks.map((task, index) =>
      taskView(task, {
        number: index + 1,
        of: exercise.tasks.length,
        readOnly,
        panes,
        texts,
        draft: `${exercise.learner}/${exercise.name}/${task.id}`,
        act: inTask,
      })
    );
    replace(tasks, views.map(({ element }) => element));
  }

  function update(told) {
    exercise = told;
    facts.textContent = [
      told.part_title,
      `${told.minutes} minutes`,
      `${told.points} of ${pointsText(told.points_possible)}`,
      told.solved ? "solved" : told.started ? "begun" : "",
    ].filter(Boolean).join(" · ");
    told.tasks.forEach((task, index) => views[index].update(task));
    drawStart();
    folder.hidden = !told.folder || !told.started;
    replace(folder, told.folder ? ["Your service, for your editor: ", h("code", {}, `${told.folder}/app.py`)] : null);
    replace(explanation, told.solved ? solvedPart(told) : null);
    forget.hidden = !told.started;
  }

  function solvedPart({ explanation: text, next }) {
    return [
      h("h2", {}, "What is behind it"),
      blocks(text, texts),
      next
        ? h("p", {}, h("a", { class: "button button-primary", href: exerciseAddress(next) }, "The next exercise"))
        : null,
    ];
  }

  function drawStart() {
    const { started, ready, solved, changes_lab: changes } = exercise;
    if (readOnly || (started && (ready || solved))) {
      replace(start);
      return;
    }
    if (exercise.folder) {
      offer("Starting puts a small service into a folder of yours. What stands there already stays.", "Start");
      return;
    }
    const words = started
      ? "The lab is no longer as this exercise needs it: another one was started, or the lab anew."
      : changes
        ? "Starting changes something in your lab; what, is for you to find out. Other exercises’ changes are undone."
        : "Starting puts your lab in order: what other exercises have changed is undone.";
    offer(words, started ? "Prepare the lab" : "Start");
  }

  function offer(words, action) {
    replace(
      start,
      h("p", {}, words),
      h("button", { type: "button", class: "button button-primary", onclick: begin }, action),
    );
  }

  async function begin({ currentTarget: button }) {
    button.disabled = true;
    try {
      const told = await act("start", { exercise: exercise.name });
      replace(notes, told.notes.map((note) => h("p", {}, note)));
      update(told);
      // The button that had the focus is gone. Nothing moves: the story is to be read first.
      tasks.querySelector("textarea, input")?.focus({ preventScroll: true });
      announce("Started.");
    } catch (error) {
      if (error?.name === "AbortError") return;
      replace(notes, h("p", {}, sentence(error)));
      button.disabled = false;
    }
  }

  async function inTask(verb, wish) {
    if (verb === "check" && exercise.changes_lab && !exercise.ready) {
      const how = exercise.solved
        ? "It is solved, and the lab is no longer as it needs it: to do it once more, begin anew."
        : "The lab has to be prepared first: the button for it is above the story.";
      throw Object.assign(new Error(how), { kind: "not now" });
    }
    const solvedBefore = exercise.solved;
    const told = await act(verb, { exercise: exercise.name, ...wish });
    update(told.exercise);
    if (told.exercise.solved && !solvedBefore) announce("Every task is solved. What is behind it stands below.");
    return told;
  }

  function askToForget() {
    ask({
      title: "Begin this exercise anew?",
      text: exercise.folder
        ? "Answers, hints and points of this exercise are forgotten. Your folder is kept under another name."
        : "Answers, hints and points of this exercise are forgotten.",
      action: "Forget them",
      onYes: async () => {
        try {
          const told = await act("reset", { exercise: exercise.name });
          exercise = told.exercise;
          replace(notes);
          for (const view of views) view.forget();
          build();
          update(told.exercise);
          start.querySelector("button")?.focus();
        } catch (error) {
          if (error?.name !== "AbortError") replace(notes, h("p", {}, sentence(error)));
        }
      },
    });
  }
}
