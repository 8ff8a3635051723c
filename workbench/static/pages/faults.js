/**
 * Faults, for an instructor: what can be broken, and switches.
 *
 * Which are on is not asked before somebody wants to know: whoever solves an exercise or an incident in this lab, and
 * comes here by curiosity, reads a catalogue and no answer.
 */

import {
  evidenceOfFault,
  faults as readCatalogue,
  faultsThatAreOn,
  recoveryFromFault,
  switchFaults,
} from "../data/lab.js";
import { faultView } from "../faults/fault_view.js";
import { h, replace, uniqueId } from "../ui/dom.js";
import { emptyState, errorState, showing } from "../ui/states.js";

export const usesTime = false;
export const defaultRefresh = 0;

/** How often it is looked whether somebody else has switched something. In milliseconds. */
const EVERY_MS = 5000;

export function mount(root, { lab, signal, setTitle, announce }) {
  setTitle("Faults");
  const curtain = h("div", { class: "faults-curtain" });
  const list = h("div", {});
  replace(
    root,
    h(
      "div",
      { class: "faults" },
      h("h1", {}, "Faults"),
      h(
        "p",
        { class: "quiet" },
        "For instructors. What can be broken in this lab on purpose, and what each signal shows of it. " +
          "Nothing that the services emit says which one is on.",
      ),
      curtain,
      list,
    ),
  );
  let views = [];
  let told = null;
  let timer = null;
  let changes = 0;

  const catalogue = showing(
    list,
    (aborted) => readCatalogue({ signal: aborted }),
    ({ faults, unreadable }, content) => {
      const onLook = (name) => evidenceOfFault(name, { signal });
      const onLookBack = (name, was) => recoveryFromFault(name, was, { signal });
      const options = { onSwitch: change, onLook, onLookBack };
      views = faults.map((fault) => ({ name: fault.name, ...faultView(fault, options) }));
      const nothing = () => emptyState("There is no catalogue here.", "In a terminal: python3 lab fault list.");
      const isEmpty = faults.length === 0 && unreadable.length === 0;
      replace(content, isEmpty ? nothing() : [sectionsOf(faults, views), unreadableOf(unreadable)]);
      draw();
    },
    { label: "Reading the catalogue", signal },
  );
  draw();

  function draw() {
    replace(curtain, told === null ? closedCurtain() : openCurtain());
    const isTold = told !== null && told.refusal === null;
    for (const { name, update } of views) {
      update({ isTold, mayWrite: !lab.readOnly, on: told?.on[name] ?? null });
    }
  }

  function closedCurtain() {
    if (lab.readOnly) {
      return h("p", {}, "From here this is a catalogue to read: switches are on the machine that the lab runs on.");
    }
    return [
      h(
        "p",
        {},
        h("strong", {}, "Are you solving an exercise here? "),
        "Which faults are on would be the answer. Leave it hidden, unless you run this lab for others.",
      ),
      h("button", { type: "button", class: "button", onclick: () => look() }, "Show what is on, and the switches"),
    ];
  }

  function openCurtain() {
    if (told.refusal !== null) {
      return h("p", { role: "status" }, `${told.refusal.charAt(0).toUpperCase()}${told.refusal.slice(1)}.`);
    }
    const count = Object.keys(told.on).length;
    const words = count === 0 ? "Nothing is on." : count === 1 ? "One fault is on." : `${count} faults are on.`;
    const clear = ({ currentTarget: button }) => {
      button.disabled = true;
      change("clear", {}).catch(failed).finally(() => {
        button.disabled = false;
      });
    };
    return [
      h("p", { role: "status" }, words),
      count > 0 ? h("button", { type: "button", class: "button", onclick: clear }, "Switch everything off") : null,
      h("button", { type: "button", class: "button button-quiet", onclick: () => hide() }, "Hide it again"),
    ];
  }

  async function look() {
    clearTimeout(timer);
    const turn = changes;
    try {
      const answer = await faultsThatAreOn({ signal });
      // What was asked before a change, and answered after it, is old.
      if (signal.aborted || turn !== changes) return;
      const isNews = JSON.stringify(answer) !== JSON.stringify(told);
      told = answer;
      if (isNews) draw();
    } catch (error) {
      if (signal.aborted) return;
      failed(error);
      return;
    }
    timer = setTimeout(() => (document.hidden ? again() : look()), EVERY_MS);
  }

  function again() {
    timer = setTimeout(() => (document.hidden ? again() : look()), EVERY_MS);
  }

  function hide() {
    clearTimeout(timer);
    changes += 1;
    told = null;
    draw();
  }

  async function change(verb, wish) {
    changes += 1;
    told = await switchFaults(verb, wish, { signal });
    draw();
    look();
    announce(verb === "switch-on" ? "Switched on." : "Switched off.");
  }

  function failed(error) {
    if (error?.name === "AbortError") return;
    told = null;
    draw();
    replace(curtain, errorState(error, { retry: () => look() }));
  }

  return {
    unmount() {
      clearTimeout(timer);
      catalogue.destroy();
    },
  };
}

/** By the service that each is in, in the catalogue's order. */
function sectionsOf(faults, views) {
  const services = [...new Set(faults.map(({ service }) => service))];
  return services.map((service) => {
    const id = uniqueId("service");
    const own = views.filter((_, number) => faults[number].service === service);
    return h(
      "section",
      { class: "faults-service", "aria-labelledby": id },
      h("h2", { id }, service),
      own.map(({ element }) => element),
    );
  });
}

/** What somebody has to mend before it can be switched on. */
function unreadableOf(all) {
  if (all.length === 0) return null;
  const id = uniqueId("service");
  return h(
    "section",
    { class: "faults-service", "aria-labelledby": id },
    h("h2", { id }, "Not readable"),
    h(
      "ul",
      { class: "faults-unreadable" },
      all.map(({ name, problem }) => h("li", {}, h("p", {}, name), h("p", { class: "quiet small" }, problem))),
    ),
  );
}
