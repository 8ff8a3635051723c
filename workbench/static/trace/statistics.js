/** Sums over a trace's spans: by service, and by service and operation. */

import { criticalPath, criticalTimes } from "./critical_path.js";
import { exact } from "./model.js";

/**
 * @typedef {object} Sum
 * @property {string} service
 * @property {string|null} operation null in sums by service
 * @property {number} count
 * @property {number} total     µs, of all its spans; nested ones count twice
 * @property {number} mean      µs
 * @property {number} p95       µs: the smallest duration that 95 of 100 spans do not exceed
 * @property {number} longest   µs
 * @property {number} self      µs in which none of their children ran
 * @property {number} share     of the self times of the whole trace, 0 to 1
 * @property {number} critical  µs on the critical path
 * @property {number} errors
 * @property {import("./model.js").Span} first its first span, to lead there
 */

/** @returns {Sum[]} most self time first */
export function sumsByService(trace) {
  return sums(trace, (span) => span.service, false);
}

/** @returns {Sum[]} most self time first */
export function sumsByOperation(trace) {
  return sums(trace, (span) => `${span.service}\n${span.name}`, true);
}

/**
 * Calls between services: spans whose parent belongs to another service.
 * @returns {{services: Sum[], calls: Array<{source: string, target: string, count: number, total: number,
 *   errors: number}>}}
 */
export function callsBetweenServices(trace) {
  const calls = new Map();
  for (const span of trace.spans) {
    if (!span.parent || span.parent.missing || span.parent.service === span.service) continue;
    const key = `${span.parent.service}\n${span.service}`;
    const call = calls.get(key) ?? { source: span.parent.service, target: span.service, count: 0, total: 0, errors: 0 };
    call.count += 1;
    call.total = exact(call.total + span.duration);
    call.errors += span.status === "error" ? 1 : 0;
    calls.set(key, call);
  }
  return { services: sumsByService(trace), calls: [...calls.values()] };
}

function sums(trace, keyOf, byOperation) {
  const critical = criticalTimes(criticalPath(trace));
  const groups = new Map();
  for (const span of trace.spans) {
    const key = keyOf(span);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(span);
  }
  const work = add(trace.spans, (span) => span.selfTime);
  return [...groups.values()]
    .map((spans) => {
      const durations = spans.map((span) => span.duration).sort((a, b) => a - b);
      const total = add(spans, (span) => span.duration);
      const self = add(spans, (span) => span.selfTime);
      return {
        service: spans[0].service,
        operation: byOperation ? spans[0].name : null,
        count: spans.length,
        total,
        mean: total / spans.length,
        p95: durations[Math.ceil(0.95 * durations.length) - 1],
        longest: durations.at(-1),
        self,
        share: work > 0 ? self / work : 0,
        critical: add(spans, (span) => critical.get(span)?.time ?? 0),
        errors: spans.filter((span) => span.status === "error").length,
        first: spans[0],
      };
    })
    .sort((a, b) => b.self - a.self || b.total - a.total);
}

const add = (spans, value) => exact(spans.reduce((sum, span) => sum + value(span), 0));
