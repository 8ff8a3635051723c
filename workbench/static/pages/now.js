/** The first page: how the system is, now. A sentence, the live map, and below it what to look at first. */

import { asker, NUMBERS } from "../now/asking.js";
import { factsOf } from "../now/facts.js";
import { headline } from "../now/headline.js";
import { systemMap } from "../now/system_map.js";
import { h, replace } from "../ui/dom.js";
import { showing } from "../ui/states.js";
import { clock } from "../format/time.js";

export const usesTime = true;
export const defaultRefresh = 5;

export function mount(root, context) {
  const { lab, url, time, signal, setTitle } = context;
  setTitle("Now");
  const ask = asker();
  const top = headline();
  const map = systemMap(context, { numbers: NUMBERS });
  const mapPlace = h("div", { class: "now-map" });
  replace(root, h("div", { class: "now" }, top.element, mapPlace));

  const shown = showing(
    mapPlace,
    async (aborted) => {
      const { to, relative } = time.range();
      const answers = await ask({ at: relative ? undefined : to, signal: aborted });
      return { ...answers, relative };
    },
    (answers, content) => {
      const facts = factsOf(answers, lab);
      if (map.element.parentNode !== content) replace(content, map.element);
      const system = map.update(facts);
      if (system) top.update({ ...system, asOf: answers.relative ? null : clock(answers.at) });
    },
    { label: "Asking how the system is", signal },
  );
  time.onChange(() => shown.refresh());
  url.onChange(() => map.selectFromAddress());
  return {
    unmount() {
      map.destroy();
    },
  };
}
