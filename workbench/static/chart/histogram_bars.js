/** Counts over time as stacked bars, such as log lines by level; a click on a bar or a drag zooms to it. */

import { timeSeries } from "./time_series.js";

/**
 * @param {HTMLElement} root
 * @param {import("./time_series.js").Options} options as of a time series; `onZoom` also hears clicks on bars.
 *   `barAlign`: -1 (default): a value at t counts the step that ends at t, as `count_over_time` answers; 0; 1: begins.
 * @returns {{update: (data: import("./time_series.js").Data & {step?: number}) => void, setOptions: Function,
 *   destroy: () => void}} `step` in seconds, where the data cannot tell (one bar only)
 */
export function histogramBars(root, options = {}) {
  return timeSeries(root, {
    unit: "short",
    decimals: 0,
    min: 0,
    draw: "bars",
    stack: true,
    fill: 100,
    lineWidth: 0,
    barAlign: -1,
    barWidth: 0.9,
    barZoom: true,
    ...options,
  });
}
