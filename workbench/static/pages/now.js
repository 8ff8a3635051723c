/** The first page: how the system is, now. A sentence, the live map, and below it what to look at first. */

import { clock } from "../format/time.js";
import { alertsSection } from "../now/alerts.js";
import { arrivalSection } from "../now/arrival.js";
import { asker, NUMBERS } from "../now/asking.js";
import { chosenPanel } from "../now/chosen.js";
import { errorsSection } from "../now/errors.js";
import { factsOf } from "../now/facts.js";
import { headline, unanswered } from "../now/headline.js";
import { marksSection } from "../now/marks.js";
import { objectivesSection } from "../now/objectives.js";
import { systemMap } from "../now/system_map.js";
import { h, replace } from "../ui/dom.js";
import { showing } from "../ui/states.js";

export const usesTime = true;
export const defaultRefresh = 5;

export function mount(root, context) {
  const { lab, url, time, signal, announce, setTitle } = context;
  setTitle("Now");
  const ask = asker();
  const top = headline();
  const map = systemMap(context, { numbers: NUMBERS, onSelect: () => panel.show(true) });
  const mapPlace = h("div", { class: "now-map" });
  const panelPlace = h("div", { class: "now-panel" });
  const panel = chosenPanel(context, { place: panelPlace, onClose: close });
  const alerts = alertsSection(context);
  const errors = errorsSection(context);
  const objectives = objectivesSection(context);
  const arrival = arrivalSection(context);
  const marks = marksSection(context);
  replace(
    root,
    h(
      "div",
      { class: "now" },
      top.element,
      mapPlace,
      panelPlace,
      h(
        "div",
        { class: "now-cards" },
        h("div", { class: "now-column" }, alerts.element, errors.element),
        h("div", { class: "now-column" }, objectives.element, arrival.element, marks.element),
      ),
    ),
  );

  let facts = null;
  let said = "";

  const shown = showing(
    mapPlace,
    async (aborted) => {
      const { to, relative } = time.range();
      const answers = await ask({ at: relative ? undefined : to, signal: aborted }).catch((error) => {
        if (error.passing && !aborted.aborted) top.update(unanswered(facts !== null));
        throw error;
      });
      return { ...answers, relative };
    },
    (answers, content) => {
      facts = factsOf(answers, lab);
      if (map.element.parentNode !== content) replace(content, map.element);
      const system = map.update(facts);
      if (system) top.update({ ...system, asOf: answers.relative ? null : clock(answers.at) });
      if (system && said !== "" && said !== system.status) announce(system.headline);
      said = system?.status ?? said;
      alerts.update(system?.alerts ?? facts.alerts, answers.relative);
      objectives.update(facts.numbers);
      arrival.update(facts.numbers);
      panel.update(facts);
    },
    { label: "Asking how the system is", signal },
  );

  function close() {
    url.set({ service: null, call: null }, { push: true });
    map.selectFromAddress();
    panel.show(false);
    map.focus();
  }

  time.onChange((reason) => {
    shown.refresh();
    errors.refresh();
    arrival.refresh();
    marks.refresh();
    alerts.refresh();
    panel.refresh(reason);
  });
  const unlisten = url.onChange(() => {
    map.selectFromAddress();
    panel.show(true);
  });
  panel.show(false);
  return {
    unmount() {
      unlisten();
      map.destroy();
      panel.destroy();
      errors.destroy();
      arrival.destroy();
    },
  };
}
