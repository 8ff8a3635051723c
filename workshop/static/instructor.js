/** The instructor's page: everybody's labs, switches for one learner, a team or all, and the answer key. */

import { faultView } from "../../workbench/static/faults/fault_view.js";
import { dialog } from "../../workbench/static/ui/dialog.js";
import { h, replace, uniqueId } from "../../workbench/static/ui/dom.js";
import { tabs } from "../../workbench/static/ui/tabs.js";
import { toast } from "../../workbench/static/ui/toast.js";
import { ask, keepAsking } from "./asking.js";
import { labTable } from "./lab_table.js";
import { solutionsView } from "./solutions.js";

const SECRET = "workshop.secret";

const page = document.getElementById("page");
const secret = ownSecret();
if (secret) {
  ask("/api/instructor/faults", { secret }).then(start, (error) => replace(page, refused(error.message)));
} else {
  replace(page, refused("Open the secret address that `python3 lab workshop serve` has printed."));
}

/** From behind the # of the address, which is taken away: a bookmark or a projector should not have it. */
function ownSecret() {
  const told = location.hash.slice(1);
  if (told) {
    sessionStorage.setItem(SECRET, told);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(SECRET) ?? "";
}

function refused(message) {
  return h(
    "div",
    { class: "workshop" },
    h("h1", {}, "Not for everybody"),
    h("p", {}, message),
    h("p", {}, h("a", { href: "/" }, "Everybody's page")),
  );
}

function start({ faults }) {
  let all = [];
  const recipients = recipientsControl(() => draw());
  const labs = labTable({ onRemove: remove, onChoose: (name) => recipients.choose(name) });
  const count = h("p", { class: "quiet" });
  const views = faults.map((fault) => ({
    name: fault.name,
    service: fault.service,
    ...faultView(fault, {
      onSwitch: (verb, { name, set }) => give({ do: verb === "switch-on" ? "on" : "off", fault: name, set: set ?? {} }),
    }),
  }));
  const mend = h("button", { type: "button", class: "button", onclick: () => give({ do: "clear" }).catch(say) }, "Mend everything");
  const reset = h("button", { type: "button", class: "button", onclick: () => confirmReset() }, "Reset …");
  const solutions = solutionsView(() => ask("/api/instructor/exercises", { secret }));
  const key = h("div", {});
  const catalogue = faultsPanel(views);
  tabs(key, {
    label: "Answer key",
    tabs: [
      { id: "faults", title: "Faults", render: (panel) => void panel.append(catalogue) },
      { id: "solutions", title: "Solutions of the exercises", render: (panel) => void panel.append(solutions) },
    ],
  });
  replace(
    page,
    h(
      "div",
      { class: "workshop workshop-wide" },
      h("div", { class: "workshop-head" }, h("h1", {}, "Labs"), count),
      labs.element,
      h("div", { class: "workshop-orders" }, recipients.element, mend, reset),
      key,
    ),
  );
  const look = keepAsking(() => ask("/api/instructor/roster", { secret }), (told) => {
    all = told.learners;
    recipients.update(all);
    draw();
  });

  function draw() {
    const here = all.filter((one) => one.here).length;
    const text = all.length === 0 ? "Nobody has joined yet." : `${here} of ${all.length} here`;
    if (count.textContent !== text) count.textContent = text;
    const meant = recipients.meant(all);
    labs.update(all, meant);
    for (const { name, update } of views) {
      const on = meant.filter((one) => one.on.includes(name)).length;
      const everywhere = on > 0 && on === meant.length;
      update({
        isTold: true,
        mayWrite: meant.length > 0,
        on: everywhere ? { since: null, parameters: null } : null,
        partly: on > 0 && !everywhere ? `on at ${on} of ${meant.length}` : null,
      });
    }
    mend.disabled = reset.disabled = meant.length === 0;
  }

  async function give(order) {
    const { given } = await ask("/api/instructor/orders", { json: { to: recipients.value(), ...order }, secret });
    toast(`Told to ${given.length === 1 ? given[0] : `${given.length} labs`}: each does it within seconds, and says so above.`);
    look();
  }

  function remove(name) {
    confirm({
      title: `Remove ${name}?`,
      text: `${name} disappears from both pages, and what you have switched on there is off. Joining again is allowed.`,
      deed: "Remove",
      act: () => ask("/api/instructor/remove", { json: { learner: name }, secret }).then(look, say),
    });
  }

  function say(error) {
    toast(error.message, { kind: "bad" });
  }

  function confirmReset() {
    const names = recipients.meant(all).map((one) => one.name);
    confirm({
      title: `Reset ${names.length === 1 ? names[0] : `${names.length} labs`}?`,
      text: "Everything that is on is switched off there, and all progress in the exercises is forgotten. " +
        `That cannot be undone. It is about ${names.join(", ")}.`,
      deed: "Forget their progress",
      act: () => give({ do: "reset" }).catch(say),
    });
  }
}

function confirm({ title, text, deed, act }) {
  const go = () => {
    box.close();
    act();
  };
  const box = dialog({
    title,
    content: h("p", {}, text),
    actions: [
      h("button", { type: "button", class: "button", onclick: () => box.close() }, "Leave it"),
      h("button", { type: "button", class: "button button-primary", onclick: go }, deed),
    ],
  });
}

/** Whom the next order is for. */
function recipientsControl(onChange) {
  const id = uniqueId("recipients");
  const select = h("select", { id, class: "select", onchange: () => onChange() });
  let shown = "";
  return {
    element: h("span", { class: "workshop-recipients" }, h("label", { for: id }, "Orders go to"), select),
    /** As the server wants it. */
    value: () => {
      const [kind, name] = JSON.parse(select.value);
      return kind === "everybody" ? { everybody: true } : { [kind]: name };
    },
    meant: (all) => {
      if (!select.value) return [];
      const [kind, name] = JSON.parse(select.value);
      if (kind === "team") return all.filter((one) => one.team?.toLowerCase() === name.toLowerCase());
      return kind === "learner" ? all.filter((one) => one.name === name) : all;
    },
    choose: (name) => {
      select.value = JSON.stringify(["learner", name]);
      onChange();
      select.focus();
    },
    update: (all) => {
      const teams = new Map(all.filter((one) => one.team).map((one) => [one.team.toLowerCase(), one.team]));
      const key = JSON.stringify([[...teams.values()].sort(), all.map((one) => one.name).sort()]);
      if (key === shown) return;
      shown = key;
      const [teamNames, names] = JSON.parse(key);
      const chosen = select.value;
      replace(
        select,
        option(["everybody", null], `everybody (${all.length})`),
        teamNames.length ? h("optgroup", { label: "Teams" }, teamNames.map((name) => option(["team", name], `team ${name}`))) : null,
        names.length ? h("optgroup", { label: "Learners" }, names.map((name) => option(["learner", name], name))) : null,
      );
      if ([...select.options].some(({ value }) => value === chosen)) select.value = chosen;
    },
  };
}

function option(value, text) {
  return h("option", { value: JSON.stringify(value) }, text);
}

function faultsPanel(views) {
  const services = [...new Set(views.map(({ service }) => service))];
  return h(
    "div",
    { class: "faults" },
    services.map((service) => {
      const id = uniqueId("service");
      return h(
        "section",
        { class: "faults-service", "aria-labelledby": id },
        h("h2", { id }, service),
        views.filter((one) => one.service === service).map(({ element }) => element),
      );
    }),
  );
}
