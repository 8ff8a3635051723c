/** Steps of time that people read easily, in seconds. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const ROUND = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14].map((days) => days * DAY),
];

/**
 * @param {number} least seconds
 * @returns {number|undefined} the smallest round step that is not shorter (but for a rounding error), up to two weeks
 */
export function roundStep(least) {
  return ROUND.find((step) => step >= least * (1 - 1e-9));
}

/** As `roundStep`; above a day whole days. */
export function roundStepOrDays(least) {
  return least <= DAY ? roundStep(least) : Math.ceil(least / DAY - 1e-9) * DAY;
}
