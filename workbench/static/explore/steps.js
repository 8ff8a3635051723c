/** How far apart the points of a graph are. */

import { roundStepOrDays } from "../format/steps.js";

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
  return roundStepOrDays(Math.max((to - from) / Math.max(points, 1), least));
}

/** A step that somebody chose, made longer where the API would refuse it. */
export function allowedStep(step, { from, to }) {
  return Math.max(step, Math.ceil((to - from) / MOST_POINTS));
}
