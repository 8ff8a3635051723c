/** Asks the questions of a panel: each goes to its API, in the form that its kind wants. */

import { rangeKeeper } from "../data/incremental.js";
import * as loki from "../data/loki.js";
import * as prometheus from "../data/prometheus.js";
import * as tempo from "../data/tempo.js";
import { byNumber, union } from "../data/union.js";
import { callMean, callNumbers, WINDOW } from "../graph/call_questions.js";
import { callsOf } from "../graph/service_graph.js";

const LINES = 200;
const TRACES = 20;
const SPANS_OF_A_TRACE = 3;
const SERVICE_MAP = "service map";
/** Beside the questions of a service map, which are about its whole range: how the calls are at its end. */
const NEWEST = { form: SERVICE_MAP, part: "newest" };

/**
 * What asks one panel's questions again and again, and remembers what it can.
 *
 * @param {Array<Object>} questions of the server: {source, kind, text, ref_id, form, step_seconds, limit, exemplars, …}
 * @returns {function({from: number, to: number, signal: AbortSignal}): Promise<Array<{question: Object,
 *   series?: Array, samples?: Array, lines?: Array, traces?: Array, trace?: Object, exemplars?: Array,
 *   calls?: Array}>>}
 */
export function asker(questions) {
  const asking = questions.map((question) => ({ question, ask: askerOf(question) }));
  if (questions.some(({ form }) => form === SERVICE_MAP)) asking.push({ question: NEWEST, ask: newestCalls });
  return (range) => Promise.all(asking.map(async ({ question, ask }) => ({ question, ...(await ask(range)) })));
}

function askerOf(question) {
  const { source, kind, text, step_seconds: step } = question;
  if (source === "prometheus") {
    return kind === "instant" ? instantOf(prometheus.query, text) : prometheusRange(question);
  }
  if (source === "loki") {
    return kind === "instant" ? instantOf(loki.query, text) : lokiRange(question);
  }
  if (kind === "metrics") {
    const keeper = rangeKeeper(tempo.metricsRange);
    const plain = (options) => tempo.metricsRange(text, options);
    return async ({ from, to, signal }) => {
      // Exemplars come with the values, so all of them are asked for when they are wanted.
      const series = await (question.exemplars ? plain : (options) => keeper(text, options))({
        from,
        to,
        step,
        signal,
      });
      return { series, exemplars: series.exemplars ?? [] };
    };
  }
  if (kind === "trace") {
    return async ({ signal }) => ({ trace: text ? await tempo.trace(text, { signal }) : null });
  }
  return async ({ from, to, signal }) => ({
    traces: await tempo.search(text, {
      from,
      to,
      limit: question.limit || TRACES,
      spansPerSpanset: SPANS_OF_A_TRACE,
      signal,
    }),
  });
}

function instantOf(query, text) {
  return async ({ to, signal }) => ({ samples: await query(text, { at: to, signal }) });
}

async function newestCalls({ to, signal }) {
  const numbers = [...callNumbers(WINDOW), callMean(WINDOW)];
  const found = await quietly(prometheus.query(union(numbers), { at: to, signal }), signal);
  return { calls: callsOf(byNumber(found)) };
}

function prometheusRange({ text, step_seconds: step, exemplars }) {
  const keeper = rangeKeeper(prometheus.queryRange);
  return async ({ from, to, signal }) => {
    const [series, single] = await Promise.all([
      keeper(text, { from, to, step, signal }),
      exemplars ? quietly(prometheus.exemplars(text, { from, to, signal }), signal) : [],
    ]);
    return { series, exemplars: single };
  };
}

/** A graph without its exemplars is still the graph, a map without its verdicts the map. */
async function quietly(promise, signal) {
  try {
    return await promise;
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    return [];
  }
}

/** A log query begins with its selector; anything else counts, and answers series. */
function lokiRange({ text, step_seconds: step, limit }) {
  if (text.trimStart().startsWith("{")) {
    return async ({ from, to, signal }) => ({
      lines: (await loki.queryRange(text, { from, to, limit: limit || LINES, signal })).lines,
    });
  }
  const keeper = rangeKeeper(async (expr, range) => (await loki.queryRange(expr, range)).series);
  return async ({ from, to, signal }) => ({ series: await keeper(text, { from, to, step, signal }) });
}
