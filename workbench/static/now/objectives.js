/** What was promised, and how much of the error budget is left. */

import { dashboardAddress } from "../addresses.js";
import { amount, percent } from "../format/amounts.js";
import { h, replace } from "../ui/dom.js";
import { statusIcon } from "../graph/status_shape.js";
import { measured } from "./measured.js";
import { OBJECTIVE_NUMBERS } from "./questions.js";
import { section } from "./section.js";
import { capitalized } from "./words.js";

/** @returns {{element: HTMLElement, update: (numbers: Map) => void}} */
export function objectivesSection({ lab }) {
  const links = h("span", { class: "objective-links" });
  const { element, body } = section(
    "Objectives",
    measured(() => OBJECTIVE_NUMBERS, { about: "Objectives" }),
    links,
  );
  let shown = "";
  return {
    element,
    update(numbers) {
      const groups = bySystem(objectivesOf(numbers), lab.systems);
      const key = JSON.stringify(groups);
      if (key === shown) return;
      shown = key;
      // Of several systems each has its name and its link above its objectives; of one the heading says it all.
      const [first, ...others] = groups;
      replace(links, first && others.length === 0 ? dashboardOf(first, lab) : null);
      if (others.length > 0) {
        replace(
          body,
          groups.map((group) => [nameOf(group, lab), group.objectives.map(objectiveOf)]),
        );
      } else if (first) {
        replace(body, first.objectives.map(objectiveOf));
      } else {
        replace(
          body,
          h(
            "p",
            { class: "quiet" },
            "No objective is measured yet: the rules that do (slo:*) have said nothing so far.",
          ),
        );
      }
    },
  };
}

/**
 * @param {Map<string, {labels: Object<string, string>, value: number}[]>} numbers
 * @returns {{service: string, slo: string, objective: number, budget?: number, bad?: number, burn?: number,
 *   status: string}[]} those of which anything is measured
 */
export function objectivesOf(numbers) {
  const of = (id, { service, slo }) =>
    (numbers.get(id) ?? []).find(({ labels }) => labels.slo === slo && labels.service === service)?.value;
  const promised = (numbers.get("objective") ?? []).map(({ labels, value }) => {
    const [budget, bad, burn] = ["budget", "bad", "burn"].map((id) => of(id, labels));
    // More missed than allowed is a risk, nothing left is the objective missed: both follow from what a budget is.
    const isTooFast = bad > 1 - value || burn > 1;
    const status = budget === undefined ? "unknown" : budget <= 0 ? "bad" : isTooFast ? "warning" : "good";
    return { service: labels.service ?? "", slo: labels.slo ?? "", objective: value, budget, bad, burn, status };
  });
  // What is promised is a constant; of a system that does not run nothing else is known.
  return promised.filter(({ budget, bad, burn }) => [budget, bad, burn].some((number) => number !== undefined));
}

/**
 * @param {{service: string}[]} objectives
 * @param {{title: string, services: {name: string}[], dashboards: string[]}[]} systems  of the lab
 * @returns {{title: string, dashboards: string[], objectives: object[]}[]} in the order of the systems; what is
 *   promised of a service of none comes last, under its name
 */
export function bySystem(objectives, systems) {
  const ofService = new Map(systems.flatMap((system) => system.services.map(({ name }) => [name, system])));
  const titleOf = ({ service }) => ofService.get(service)?.title ?? service;
  const groups = Map.groupBy(objectives, titleOf);
  const titles = [...new Set([...systems.map(({ title }) => title), ...groups.keys()])];
  return titles
    .filter((title) => groups.has(title))
    .map((title) => ({
      title,
      dashboards: systems.find((system) => system.title === title)?.dashboards ?? [],
      objectives: groups.get(title),
    }));
}

function dashboardOf({ dashboards }, lab) {
  const uid = dashboards.find((one) => /(^|-)slo$/.test(one) && lab.dashboards.some((board) => board.uid === one));
  return uid ? h("a", { href: dashboardAddress(uid) }, "Dashboard") : null;
}

function nameOf(group, lab) {
  return h("div", { class: "objective-system" }, h("h3", {}, group.title), dashboardOf(group, lab));
}

const WORDS = { good: "kept", warning: "spending too fast", bad: "budget used up", unknown: "not known yet" };

function objectiveOf({ slo, objective, budget, bad, burn, status }) {
  const left = Math.min(1, Math.max(0, budget ?? 0));
  return h(
    "div",
    { class: "objective", "data-status": status },
    h(
      "p",
      { class: "objective-head" },
      h("b", {}, capitalized(slo)),
      h("span", { class: "quiet" }, `${percent(objective)} of requests`),
      h("span", { class: "objective-state" }, statusIcon(status), WORDS[status]),
    ),
    h(
      "div",
      {
        class: "objective-bar",
        role: "img",
        "aria-label": `${slo}: ${percent(budget ?? NaN)} of the error budget is left`,
      },
      h("span", { style: { width: `${left * 100}%` } }),
    ),
    h(
      "p",
      { class: "quiet small" },
      budget === undefined
        ? "Its error budget is known after the first minutes."
        : [
            budget < 0
              ? `error budget overspent by ${percent(-budget)}`
              : `${percent(budget)} of the error budget left`,
            bad === undefined ? null : `${percent(bad)} missed in 5 minutes`,
            burn >= 1.1 ? `burning ${amount(burn)} times faster than allowed` : null,
          ]
            .filter(Boolean)
            .join(" · "),
    ),
  );
}
