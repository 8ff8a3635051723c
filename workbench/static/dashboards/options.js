/** Asks for the values that a dashboard's variables of type `query` can have. */

import * as loki from "../data/loki.js";
import * as prometheus from "../data/prometheus.js";
import * as tempo from "../data/tempo.js";

/**
 * @param {Object} question of the server: {source, kind, text, label}
 * @param {{from: number, to: number, signal: AbortSignal}} range
 * @returns {Promise<string[]>}
 */
export async function valuesOf({ source, kind, text, label }, { from, to, signal }) {
  const match = text || undefined;
  if (source === "loki") {
    return loki.labelValues(label, { match, from, to, signal });
  }
  if (source === "tempo") {
    return (await tempo.tagValues(label, { from, to, signal })).map(({ value }) => value);
  }
  if (kind === "label values") {
    return prometheus.labelValues(label, { match, from, to, signal });
  }
  // query_result(): each sample as Grafana writes it, for the variable's regular expression to take apart.
  const samples = await prometheus.query(text, { at: to, signal });
  return samples.map(({ labels: { __name__: name = "", ...labels }, time, value }) => {
    const pairs = Object.entries(labels).map(([key, written]) => `${key}="${written}"`);
    return `${name}{${pairs.join(",")}} ${value} ${Math.round(time * 1000)}`;
  });
}
