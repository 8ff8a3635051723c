/** One exercise beside Explore: the answer is written where the data is. */

import { exercisesAddress } from "../addresses.js";
import { exercise as read, inExercise } from "../data/lab.js";
import { explore } from "../explore/explore.js";
import { sourceOf } from "../exercises/answer_fields.js";
import { exerciseView } from "../exercises/exercise_view.js";
import { h, replace } from "../ui/dom.js";
import { showing } from "../ui/states.js";

export const usesTime = true;
export const defaultRefresh = 0;

export function mount(root, context) {
  const { lab, url, signal, setTitle, announce } = context;
  setTitle("Exercise");
  const name = decodeURIComponent(url.path.split("/")[2] ?? "");
  const title = h("h1", {}, "Exercise");
  const place = h("div", {});
  const back = h("p", { class: "small" }, h("a", { href: exercisesAddress() }, "All exercises"));
  const work = h("article", { class: "exercise-work", "aria-label": "The exercise" }, back, title, place);
  const data = h("section", { class: "exercise-data", "aria-label": "Explore" });
  replace(root, h("div", { class: "exercise" }, work, data));
  const panes = explore(data, context, { heading: "h2" });
  const onExplore = () => {
    data.scrollIntoView({ block: "start" });
    panes.focus();
  };
  showing(
    place,
    (aborted) => read(name, { signal: aborted }),
    (told, content) => {
      title.textContent = `${told.number}. ${told.title}`;
      setTitle(title.textContent);
      const first = told.tasks.find((task) => task.passed_at === null && sourceOf(task) !== null);
      if (first) panes.begin(sourceOf(first));
      exerciseView(content, told, {
        readOnly: lab.readOnly,
        panes,
        onExplore,
        announce,
        act: (verb, wish) => inExercise(verb, wish, { signal }),
      });
    },
    { label: "Opening the exercise", signal },
  );
  return { unmount: () => panes.destroy() };
}
