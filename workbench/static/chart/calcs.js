/** One number out of a series: what legends, stats and gauges show. Names as in Grafana's reduceOptions. Pure. */

import { isValue } from "./points.js";

function fold(values, start, combine) {
  let result = start;
  for (let i = 0; i < values.length; i += 1) if (isValue(values[i])) result = combine(result, values[i]);
  return result;
}

const count = (values) => fold(values, 0, (sum) => sum + 1);
const sum = (values) => fold(values, 0, (total, value) => total + value);
const min = (values) => fold(values, NaN, (least, value) => (value >= least ? least : value));
const max = (values) => fold(values, NaN, (most, value) => (value <= most ? most : value));
const mean = (values) => sum(values) / count(values);

function firstNotNull(values) {
  for (let i = 0; i < values.length; i += 1) if (hasValue(values[i])) return values[i];
  return NaN;
}

function lastNotNull(values) {
  for (let i = values.length - 1; i >= 0; i -= 1) if (hasValue(values[i])) return values[i];
  return NaN;
}

const hasValue = (value) => value !== null && value !== undefined && !Number.isNaN(value);

function quantile(share) {
  return (values) => {
    const sorted = Array.from(values).filter(isValue).sort((a, b) => a - b);
    if (!sorted.length) return NaN;
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    return sorted[below] + (place - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
  };
}

/** A counter's growth: falls are resets. */
function delta(values) {
  let total = 0;
  let before = NaN;
  for (let i = 0; i < values.length; i += 1) {
    if (!isValue(values[i])) continue;
    if (isValue(before)) total += values[i] < before ? values[i] : values[i] - before;
    before = values[i];
  }
  return total;
}

function variance(values) {
  const middle = mean(values);
  return fold(values, 0, (total, value) => total + (value - middle) ** 2) / count(values);
}

const CALCS = {
  lastNotNull: { title: "Last", of: lastNotNull },
  last: { title: "Last", of: (values) => values[values.length - 1] ?? NaN },
  firstNotNull: { title: "First", of: firstNotNull },
  first: { title: "First", of: (values) => values[0] ?? NaN },
  mean: { title: "Mean", of: mean },
  min: { title: "Min", of: min },
  max: { title: "Max", of: max },
  sum: { title: "Total", of: (values) => (count(values) ? sum(values) : NaN) },
  count: { title: "Count", of: count, plain: true },
  range: { title: "Range", of: (values) => max(values) - min(values) },
  diff: { title: "Difference", of: (values) => lastNotNull(values) - firstNotNull(values) },
  delta: { title: "Increase", of: delta },
  median: { title: "Median", of: quantile(0.5) },
  variance: { title: "Variance", of: variance },
  stdDev: { title: "Deviation", of: (values) => Math.sqrt(variance(values)) },
};

function calcOf(id) {
  if (Object.hasOwn(CALCS, id)) return CALCS[id];
  const percentile = /^p(\d{1,2})$/.exec(id);
  if (percentile) return { title: `p${percentile[1]}`, of: quantile(Number(percentile[1]) / 100) };
  throw new RangeError(`no calculation is called ${JSON.stringify(id)}; there are ${Object.keys(CALCS).join(", ")}`);
}

/**
 * @param {string} id "lastNotNull", "mean", "p95", …
 * @param {{values: ArrayLike<number>}} series a `value` of its own is taken as it is
 * @returns {number} NaN where there are no values
 */
export function calculate(id, series) {
  if (series.values === undefined) return series.value ?? NaN;
  return calcOf(id).of(series.values);
}

/** A calc's heading: "Last", "Mean". */
export const calcTitle = (id) => calcOf(id).title;

/** Whether a calc's result is a bare count and not in the series' unit. */
export const isPlain = (id) => Boolean(calcOf(id).plain);
