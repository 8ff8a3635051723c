/**
 * How services, calls and a system are: from numbers and alerts to a state and a sentence. Pure.
 *
 * Services have no limits here: what is broken is what an alert of severity "page" says, what is at risk is what any
 * other says, or one that is about to fire. Calls, which few rules watch one by one, have those of
 * graph/service_graph.js.
 */

import { amount, percent, time } from "../format/amounts.js";
import { clock } from "../format/time.js";
import { verdictOn } from "../graph/service_graph.js";
import { alertsFire, capitalized, counted, listed } from "./words.js";

/**
 * @typedef {{name: string, state: "firing"|"pending", severity: string, service: string,
 *     labels: Object<string, string>, since: number, summary: string, query: string}} Alert
 * @typedef {{up?: number, requests?: number, errors?: number, p95?: number}} Numbers
 * @typedef {{status: "good"|"warning"|"bad"|"unknown", word: string, reason: string}} State
 */

/**
 * @param {Numbers} numbers
 * @param {Alert[]} alerts  about this service
 * @returns {State} `reason` is a sentence without its subject, empty when there is nothing to say
 */
export function stateOfService(numbers, alerts) {
  if (numbers.up === 0) return { status: "bad", word: "down", reason: "does not answer" };
  const firing = alerts.filter((alert) => alert.state === "firing");
  const page = firing.find((alert) => alert.severity === "page");
  if (page) return { status: "bad", word: "broken", reason: page.summary };
  if (firing.length > 0) return { status: "warning", word: "at risk", reason: firing[0].summary };
  if (alerts.length > 0) return { status: "warning", word: "at risk", reason: alerts[0].summary };
  if (numbers.requests > 0) return { status: "good", word: "good", reason: "" };
  if (numbers.up === 1)
    return { status: "unknown", word: "idle", reason: "answers, but got no request in the last minute" };
  return { status: "unknown", word: "no data", reason: "nothing is known about it yet" };
}

/**
 * @param {{calls?: number, errors?: number, p95?: number}} numbers
 * @param {{server?: Numbers, alerts: Alert[]}} around  `alerts`: active ones that name both ends
 * @returns {State}
 */
export function stateOfCall(numbers, { server, alerts }) {
  if (server?.up === 0) return { status: "bad", word: "no answer", reason: "the callee does not answer" };
  const { status, reason } = verdictOn(numbers);
  if (status === "bad") return { status, word: "broken", reason };
  if (alerts.length > 0) return { status: "warning", word: "at risk", reason: alerts[0].summary };
  if (!(numbers.calls > 0)) return { status: "unknown", word: "no calls", reason: "no calls in the last minute" };
  return { status: "good", word: "good", reason: "" };
}

/** @returns {"good"|"warning"|"bad"|"unknown"} the worst of them; unknown only when nothing is known */
export function worst(statuses) {
  return ["bad", "warning", "good"].find((status) => statuses.includes(status)) ?? "unknown";
}

/**
 * How a system is, in words.
 *
 * @param {{services: {name: string, numbers: Numbers, state: State, downSince: number|null}[], entry: string,
 *     alerts: Alert[], hasData: boolean}} system
 * @returns {{status: string, headline: string, detail: string}}
 */
export function sentence({ services, entry, alerts, hasData }) {
  if (!hasData) {
    return {
      status: "unknown",
      headline: "The lab has just started.",
      detail: "The first numbers arrive with the second scrape, within half a minute. This page fills itself.",
    };
  }
  const firing = alerts.filter((alert) => alert.state === "firing");
  const pending = alerts.filter((alert) => alert.state === "pending");
  const down = services.filter((service) => service.numbers.up === 0);
  const front = services.find((service) => service.name === entry) ?? services[0];
  const status = down.length > 0 ? "bad" : worstOf(services, alerts);
  return {
    status,
    headline: headline({ services, down, firing, pending, front }),
    detail: detail({ services, down, firing, pending, front }),
  };
}

function worstOf(services, alerts) {
  const of = services.map((service) => service.state.status);
  if (alerts.some((alert) => alert.state === "firing" && alert.severity === "page")) of.push("bad");
  else if (alerts.length > 0) of.push("warning");
  return worst(of);
}

function headline({ services, down, firing, pending, front }) {
  if (down.length > 0) {
    const since = Math.min(...down.map((service) => service.downSince ?? Infinity));
    const one = down.length === 1;
    const verb = Number.isFinite(since)
      ? `${one ? "has" : "have"} not answered since ${clock(since)}`
      : `${one ? "does" : "do"} not answer`;
    const also = firing.length > 0 ? `: ${alertsFire(firing.length)}` : "";
    return `${capitalized(listed(down.map((service) => service.name)))} ${verb}${also}.`;
  }
  const all =
    services.length === 1
      ? `${capitalized(services[0].name)} answers`
      : `All ${counted(services.length)} services answer`;
  if (firing.length > 0) return `${all}, but ${alertsFire(firing.length)}.`;
  if (!(front?.numbers.requests > 0)) return `${all}, but nobody asks.`;
  const failing = front.numbers.errors > 0 ? `${percent(front.numbers.errors)} of the requests fail` : null;
  if (pending.length > 0) return failing ? `${all}, but ${failing}.` : `${all}, but something looks wrong.`;
  return failing ? `${all}; ${failing}.` : `${all}, and no request fails.`;
}

function detail({ services, down, firing, pending, front }) {
  const sentences = [];
  const broken = services
    .filter(({ numbers, state }) => numbers.up !== 0 && state.status === "bad")
    .map(({ name }) => name);
  if (down.length > 0) {
    if (broken.length > 0)
      sentences.push(`${capitalized(listed(broken))} ${broken.length === 1 ? "is" : "are"} broken with it.`);
  } else if (firing.length > 0)
    sentences.push(...[...new Set(firing.map((alert) => ended(alert.summary || alert.name)))].slice(0, 2));
  else if (pending.length > 0)
    sentences.push(`${ended(pending[0].summary || pending[0].name)} An alert about it waits to be sure.`);
  const { requests, errors, p95 } = front?.numbers ?? {};
  if (requests > 0) {
    const fails = errors > 0 ? `${percent(errors)} of them fail` : "none fails";
    const within = p95 === undefined ? "" : `; 95 of 100 are answered within ${time(p95)}`;
    sentences.push(`${capitalized(front.name)} gets ${amount(requests)} requests per second, ${fails}${within}.`);
  } else if (down.length === 0 || front?.numbers.up !== 0) {
    sentences.push(
      "No request came in the last minute: open a page of the system, or let visitors come (python3 lab load).",
    );
  }
  return sentences.join(" ");
}

function ended(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
