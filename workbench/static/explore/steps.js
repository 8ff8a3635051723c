/** How far apart the points of a graph are. */

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Prometheus answers at most so many points a series. */
const MOST_POINTS = 11_000;

/**
 * A round step that gives about so many points.
 *
 * @param {{from: number, to: number}} range - unix seconds
 * @param {{points: number, least: number}} wanted - points across the width; the shortest step, in seconds
 * @returns {number} seconds
 */
export function stepFor({ from, to }, { points, least }) {
  const wanted = Math.max((to - from) / Math.max(points, 1), least);
  return STEPS.find((step) => step >= wanted * 0.999) ?? Math.ceil(wanted / 86_400) * 86_400;
}

/** A step that somebody chose, made longer where the API would refuse it. */
export function allowedStep(step, { from, to }) {
  return Math.max(step, Math.ceil((to - from) / MOST_POINTS));
}

/** Columns into which a graph is divided for its exemplars, and how many each keeps. */
const COLUMNS = 80;
const IN_A_COLUMN = 2;

/**
 * Of many exemplars those that stand out: in each stretch of time the largest.
 *
 * @param {Array<{time: number, value: number}>} exemplars
 * @param {{from: number, to: number}} range - unix seconds
 */
export function thinned(exemplars, { from, to }) {
  const columns = new Map();
  for (const exemplar of exemplars) {
    const column = Math.floor(((exemplar.time - from) / (to - from)) * COLUMNS);
    columns.set(column, [...(columns.get(column) ?? []), exemplar]);
  }
  const kept = [...columns.values()].flatMap((column) => {
    return column.sort((one, other) => other.value - one.value).slice(0, IN_A_COLUMN);
  });
  return kept.sort((one, other) => one.time - other.time);
}
