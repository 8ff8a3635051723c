/** One exercise beside Explore: the answer is written where the data is. */

import { exercise as read, inExercise } from "../data/lab.js";
import { explore } from "../explore/explore.js";
import { exerciseView } from "../exercises/exercise_view.js";
import { h, replace } from "../ui/dom.js";
import { showing } from "../ui/states.js";

export const usesTime = true;
export const defaultRefresh = 0;

export function mount(root, context) {
  const { lab, url, signal, setTitle, announce } = context;
  setTitle("Exercise");
  const name = decodeURIComponent(url.path.split("/")[2] ?? "");
  const work = h("article", { class: "exercise-work", "aria-label": "The exercise" });
  const data = h("section", { class: "exercise-data", "aria-label": "Explore" });
  replace(root, h("div", { class: "exercise" }, work, data));
  const panes = explore(data, context, { heading: "h2" });
  const onExplore = () => {
    data.scrollIntoView({ block: "start" });
    panes.focus();
  };
  showing(
    work,
    (aborted) => read(name, { signal: aborted }),
    (told, content) => {
      setTitle(`${told.number}. ${told.title}`);
      exerciseView(content, told, {
        readOnly: lab.readOnly,
        queries: () => panes.queries(),
        onExplore,
        announce,
        act: (verb, wish) => inExercise(verb, wish, { signal }),
      });
    },
    { label: "Opening the exercise", signal },
  );
  return { unmount: () => panes.destroy() };
}
