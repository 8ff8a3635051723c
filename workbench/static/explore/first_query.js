/** A sensible first question to a metric, by its type. */

/**
 * @param {{name: string, type: string}} metric
 * @returns {string} PromQL
 */
export function firstQuery({ name, type }) {
  if (/_bucket$/.test(name)) return `histogram_quantile(0.95, sum by (le) (rate(${name}[1m])))`;
  if (name.includes(":")) return name;
  if (/_(sum|count)$/.test(name) && ["histogram", "summary", ""].includes(type)) return `sum(rate(${name}[1m]))`;
  if (type === "counter" || /_total$/.test(name)) return `sum by (service) (rate(${name}[1m]))`;
  return name;
}

/**
 * What kind of thing a name measures: the parts of a histogram are one metric.
 *
 * @param {Array<{name: string, type: string, help: string}>} metrics
 */
export function withoutParts(metrics) {
  const names = new Set(metrics.map(({ name }) => name));
  return metrics.filter(({ name }) => {
    const stem = name.replace(/_(sum|count)$/, "");
    return stem === name || !names.has(`${stem}_bucket`);
  });
}
