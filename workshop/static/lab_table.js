/** Everybody's lab, for the instructor: is it well, what is on, what became of the newest order. */

import { ago } from "../../workbench/static/format/time.js";
import { h } from "../../workbench/static/ui/dom.js";
import { drawRows, progressCell, tableOf } from "./rows.js";

const DEEDS = { on: "switch on", off: "switch off", clear: "mend everything", reset: "reset" };
const STATES = { waiting: "waits", done: "done", refused: "refused", failed: "failed", late: "too late" };

/**
 * @param {{onChoose: function(string): void, onRemove: function(string): void}} options
 * @returns {{element: HTMLElement, update: function(Array<object>, Array<object>): void}} update gets all learners, and
 *   those whom the next order is for
 */
export function labTable({ onChoose, onRemove }) {
  const { element, body } = tableOf("Labs", [
    { text: "Learner" },
    { text: "Team" },
    { text: "Lab" },
    { text: "On" },
    { text: "Newest order" },
    { text: "At exercise" },
    { text: "Solved" },
    { text: "Points", class: "end" },
    { text: "Remove", hidden: true },
  ]);
  element.hidden = true;
  return { element, update };

  function update(all, meant) {
    element.hidden = all.length === 0;
    const names = new Set(meant.map((one) => one.name));
    const team = (one) => one.team ?? "\uffff";
    const inOrder = [...all].sort((a, b) => team(a).localeCompare(team(b)) || a.name.localeCompare(b.name));
    drawRows(
      body,
      inOrder,
      (one) => one.name,
      (one) => [
        {
          key: one.name,
          node: () =>
            h(
              "button",
              {
                type: "button",
                class: "workshop-choose",
                title: "Orders go to this learner",
                onclick: () => onChoose(one.name),
              },
              one.name,
            ),
        },
        { text: one.team ?? "" },
        labCell(one),
        { text: one.on.join(", "), class: one.on.length ? "workshop-on" : "" },
        orderCell(one.order),
        { text: one.at, class: "workshop-at" },
        progressCell(one),
        { text: one.points, class: "end" },
        {
          key: one.name,
          class: "end",
          node: () =>
            h(
              "button",
              { type: "button", class: "button button-quiet", "aria-label": `Remove ${one.name}`, onclick: () => onRemove(one.name) },
              "Remove",
            ),
        },
      ],
      (one) => [one.here ? "" : "workshop-away", names.has(one.name) ? "workshop-meant" : ""].filter(Boolean).join(" "),
    );
  }
}

function labCell({ here, seenAt, lab }) {
  if (!here) return { text: seenAt ? `away, seen ${ago(seenAt)}` : "away", class: "faint" };
  if (!lab) return { text: "has not reported yet", class: "faint" };
  if (!lab.up) return { text: "down", class: "workshop-ill" };
  return lab.healthy === lab.of
    ? { text: "well", class: "workshop-well" }
    : { text: lab.problem || `${lab.healthy} of ${lab.of} well`, class: "workshop-ill" };
}

function orderCell(order) {
  if (!order) return { text: "" };
  const deed = [DEEDS[order.do] ?? order.do, order.fault].filter(Boolean).join(" ");
  const isBad = ["refused", "failed", "late"].includes(order.state);
  const state = STATES[order.state] ?? order.state;
  return {
    text: `${deed}: ${state}${order.says ? `, ${order.says}` : ""}`,
    class: isBad ? "workshop-order workshop-ill" : order.state === "waiting" ? "workshop-order quiet" : "workshop-order",
  };
}
