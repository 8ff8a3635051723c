/** What stat, gauge and bar gauge have in common: one value for each series, with its text and colour. Pure. */

import { calculate } from "./calcs.js";
import { displayed, stepValue } from "./values.js";

/**
 * @typedef {Object} Figure
 * @property {string} name @property {number} value @property {string} text @property {string} number
 * @property {string} suffix @property {string|null} colour @property {boolean} mapped
 * @property {Object} series @property {number} min @property {number} max
 * @property {{value: number, colour: string}[]} thresholds absolute, ascending
 */

/**
 * @param {Object[]} series `{name, times, values}` or `{name, value}`; each may have its own unit, decimals, min, max,
 *   thresholds and mappings, and a ready-made `text` and `colour`, which win
 * @param {Object} options the chart's
 * @returns {Figure[]} without min and max they are the least and the most of all values, and zero
 */
export function figures(series, options) {
  const calc = options.calc ?? "lastNotNull";
  const values = series.map((one) => calculate(calc, one));
  const all = series.flatMap((
    one,
    i,
  ) => [values[i], ...(one.values ? [calculate("min", one), calculate("max", one)] : [])]).filter(Number.isFinite);
  return series.map((one, i) => {
    const own = {
      unit: one.unit ?? options.unit,
      decimals: one.decimals ?? options.decimals,
      thresholds: one.thresholds ?? options.thresholds,
      thresholdMode: one.thresholdMode ?? options.thresholdMode,
      mappings: one.mappings ?? options.mappings,
      noValue: options.noValue,
      min: one.min ?? options.min ?? Math.min(0, ...all),
      max: one.max ?? options.max ?? Math.max(...all, -Infinity),
    };
    if (!(own.max > own.min)) own.max = own.min + 1;
    const shown = displayed(values[i], own);
    const given = one.text === undefined || one.text === null
      ? {}
      : { text: one.text, number: one.text, suffix: "", mapped: true };
    const thresholds = (own.thresholds ?? []).map((step) => ({ value: stepValue(step, own), colour: step.colour }));
    return {
      name: one.name,
      value: values[i],
      series: one,
      min: own.min,
      max: own.max,
      thresholds,
      ...shown,
      ...given,
      colour: one.colour ?? shown.colour,
    };
  });
}
