/**
 * The names and values that telemetry has, as completion needs them: asked for once, kept for a while, given up when
 * nobody wants them any more.
 */
import * as loki from "../data/loki.js";
import * as prometheus from "../data/prometheus.js";
import * as tempo from "../data/tempo.js";

/** How long an answer is good, in milliseconds: long enough to type a query, short enough for a new label to show. */
const KEPT_MS = 60_000;
const MOST_ANSWERS = 200;

/** Label values beyond this are not offered: typing does not narrow down what was not fetched. */
const MOST_VALUES = 2_000;

export class Names {
  #answers = new Map();
  /** The question under way. */
  #pending = null;
  #range;
  #signal;
  #now;

  /**
   * @param {() => {from: number, to: number}} range - unix seconds: what is there in this time is offered
   * @param {AbortSignal} [signal] - ends every question
   * @param {() => number} [now] - milliseconds
   */
  constructor(range, signal, now = Date.now) {
    this.#range = range;
    this.#signal = signal;
    this.#now = now;
  }

  /** @returns {Promise<Array<{name: string, type: string, help: string}>>} */
  metrics() {
    return this.#kept("metrics", async (options) => {
      const [names, about] = await Promise.all([
        prometheus.metricNames(options),
        // Help is welcome, not needed.
        prometheus.metadata({ signal: options.signal }).catch(() => ({})),
      ]);
      return names.map((name) => ({ name, ...aboutMetric(name, about) }));
    });
  }

  /** @returns {Promise<string[]>} */
  metricLabels(selector) {
    return this.#kept(`metric labels ${selector}`, (options) => {
      return prometheus.labelNames({ ...options, ...(selector && { match: selector }) });
    });
  }

  /** @returns {Promise<string[]>} */
  metricLabelValues(label, selector) {
    return this.#kept(`metric values ${label} ${selector}`, async (options) => {
      return first(await prometheus.labelValues(label, { ...options, ...(selector && { match: selector }) }));
    });
  }

  /** @returns {Promise<string[]>} */
  streamLabels(selector) {
    return this.#kept(`stream labels ${selector}`, (options) => {
      return loki.labelNames({ ...options, ...(isSelective(selector) && { match: selector }) });
    });
  }

  /** @returns {Promise<string[]>} */
  streamLabelValues(label, selector) {
    return this.#kept(`stream values ${label} ${selector}`, async (options) => {
      return first(await loki.labelValues(label, { ...options, ...(isSelective(selector) && { match: selector }) }));
    });
  }

  /**
   * Labels of the streams, and the fields that parsers find in their lines.
   *
   * @param {string} pipeline - a selector with stages
   * @param {boolean} parsed - whether one of the stages is a parser; without, only what streams have is there
   * @returns {Promise<Array<{name: string, type: string}>>}
   */
  fields(pipeline, parsed) {
    if (!pipeline) return this.streamLabels("").then((labels) => labels.map((name) => ({ name, type: "label" })));
    return this.#kept(`fields ${parsed} ${pipeline}`, async (options) => {
      const [selector] = /^\{[^]*?\}/.exec(pipeline) ?? [""];
      const [labels, found] = await Promise.all([
        loki.labelNames({ ...options, ...(isSelective(selector) && { match: selector }) }),
        loki.detectedFields(pipeline, { ...options, limit: 500, lineLimit: 1_000 }),
      ]);
      const fields = found.filter(({ parsers }) => parsed || !parsers?.length);
      const all = [...labels.map((name) => ({ name, type: "label" })), ...fields.map(fieldOf)];
      return [...new Map(all.map((field) => [field.name, field])).values()];
    });
  }

  /** @returns {Promise<string[]>} values of a label or field, as recent lines have them */
  fieldValues(name, pipeline) {
    return this.#kept(`field values ${name} ${pipeline}`, async (options) => {
      const { lines = [] } = await loki.queryRange(pipeline, { ...options, limit: 500 });
      const values = lines.map((line) => line.parsed?.[name] ?? line.labels[name] ?? line.fields[name]);
      return [...new Set(values.filter((value) => value !== undefined && value !== null).map(String))].slice(0, 100)
        .sort();
    });
  }

  /** @returns {Promise<Array<{scope: string, name: string}>>} */
  attributes() {
    return this.#kept("attributes", async (options) => {
      const scopes = await tempo.tagNames(options);
      return scopes
        .filter(({ scope, name }) => (scope ?? name) !== "intrinsic")
        .flatMap(({ scope, name, tags }) => (tags ?? []).map((tag) => ({ scope: scope ?? name, name: tag })));
    });
  }

  /** @returns {Promise<Array<{type: string, value: string}>>} */
  attributeValues(attribute, conditions) {
    return this.#kept(`attribute values ${attribute} ${conditions}`, async (options) => {
      return first(await tempo.tagValues(attribute, { ...options, ...(conditions && { q: conditions }) }));
    });
  }

  /** Ends the questions under way. */
  abandon() {
    this.#pending?.controller.abort();
    this.#pending = null;
  }

  #kept(key, ask) {
    const found = this.#answers.get(key);
    if (found && this.#now() - found.at < KEPT_MS) return found.answer;
    // The caret has moved on: nobody waits for the last question any more.
    this.abandon();
    const controller = new AbortController();
    const signal = this.#signal ? AbortSignal.any([this.#signal, controller.signal]) : controller.signal;
    const { from, to } = this.#range();
    const answer = ask({ from, to, signal });
    const pending = { controller };
    this.#pending = pending;
    this.#answers.set(key, { at: this.#now(), answer });
    const done = () => {
      if (this.#pending === pending) this.#pending = null;
    };
    // A failure is not kept: the next keystroke asks again.
    answer.then(done, () => {
      done();
      this.#answers.delete(key);
    });
    if (this.#answers.size > MOST_ANSWERS) this.#answers.delete(this.#answers.keys().next().value);
    return answer;
  }
}

/** Loki refuses a selector that every stream fits. */
function isSelective(selector) {
  return /(^|[^!])=~?"(?!(\.\*)?")/.test(selector);
}

function first(values) {
  return values.slice(0, MOST_VALUES);
}

function fieldOf({ label, type }) {
  return { name: label, type };
}

/** A counter's metadata stands under its name without `_total`, a histogram's without `_bucket`. */
export function aboutMetric(name, metadata) {
  for (const key of [name, name.replace(/_(total|bucket|count|sum|created|info)$/, "")]) {
    if (Object.hasOwn(metadata, key) && metadata[key].length) {
      const [{ type, help }] = metadata[key];
      return { type: type === "unknown" ? "" : type, help };
    }
  }
  return { type: name.includes(":") ? "recorded" : "", help: name.includes(":") ? "Made by a recording rule." : "" };
}
