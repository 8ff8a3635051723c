/**
 * Whether a fault that is on shows, or one that is off shows no more: each piece of its evidence, looked at again until
 * all of it does.
 */

import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/** Between two looks. In milliseconds. */
const EVERY_MS = 3000;

/** What is not there after so many times the usual has another reason. */
const PATIENCE = 3;

/** A look goes back so far. In seconds. */
const WINDOW_SECONDS = 10;

/**
 * @param {{secondsToEffect: number, secondsToRecovery: number, needsRps: number}} fault
 * @param {{since: number|null, look: () => Promise<{findings: Array}>, isOver?: boolean}} options `since` when it is as
 *   it is now, in unix seconds; `isOver` of a fault that is off
 * @returns {{element: HTMLElement, destroy: () => void}}
 */
export function evidenceView(fault, { since, look, isOver = false }) {
  const question = isOver ? "whether all is as before" : "whether it shows";
  const summed = isOver ? summaryOfRecovery : summary;
  const sentence = h("p", { role: "status" }, `Looking ${question} …`);
  const list = h("ul", {});
  const element = h("div", { class: "fault-evidence" }, sentence, list);
  let timer = null;
  let ended = false;
  ask();
  return {
    element,
    destroy() {
      ended = true;
      clearTimeout(timer);
    },
  };

  async function ask() {
    try {
      // Nobody reads what is folded away.
      if (element.checkVisibility?.() === false || document.hidden) {
        timer = setTimeout(ask, EVERY_MS);
        return;
      }
      const { findings } = await look();
      if (ended) return;
      const seconds = since === null ? 0 : Date.now() / 1000 - since;
      say(summed(findings, { seconds, ...fault }));
      replace(list, findings.map((finding) => entry(finding, { isOver })));
      if (!findings.every(({ holds }) => holds)) timer = setTimeout(ask, EVERY_MS);
    } catch (error) {
      if (ended || error?.name === "AbortError") return;
      say(`Cannot tell ${question}: ${error.message}`);
      timer = setTimeout(ask, EVERY_MS);
    }
  }

  /** What stands there already is not read out again. */
  function say(text) {
    if (sentence.textContent !== text) sentence.textContent = text;
  }
}

/** In a sentence, how much of it shows. Pure. */
export function summary(findings, { seconds, secondsToEffect, needsRps }) {
  const showing = findings.filter(({ holds }) => holds).length;
  if (showing === findings.length) return "It shows now, all of it:";
  const far = `${showing} of ${findings.length} are as they should be.`;
  return seconds <= PATIENCE * secondsToEffect
    ? `${far} It takes up to ${secondsToEffect} s; this is looked at again and again.`
    : `${far} That is late: is there traffic of ${needsRps} requests per second, and nothing else on that hides it?`;
}

/** In a sentence, how much is as it was before a fault that is off. Pure. */
export function summaryOfRecovery(findings, { seconds, secondsToRecovery }) {
  const over = findings.filter(({ holds }) => holds).length;
  if (over === findings.length) return "All is as it was before. What was looked at:";
  const far = `${over} of ${findings.length} are as they were before.`;
  const usual = secondsToRecovery + WINDOW_SECONDS;
  return seconds <= PATIENCE * usual
    ? `${far} It takes up to ${usual} s; this is looked at again and again.`
    : `${far} That is late: is something else on, or is there another number of visitors than before?`;
}

function entry({ says, expects, before, now, holds }, { isOver }) {
  return h(
    "li",
    {},
    h("span", { class: holds ? "holds" : "quiet" }, holds ? icon("check") : "…"),
    h(
      "span",
      {},
      h("span", { class: "visually-hidden" }, `${holds ? "Yes" : "Not yet"}${isOver ? ", as before" : ""}: `),
      says,
      h("span", { class: "quiet" }, isOver ? ` (before: ${before}; now: ${now})` : ` (${expects}; ${before} → ${now})`),
    ),
  );
}
