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
