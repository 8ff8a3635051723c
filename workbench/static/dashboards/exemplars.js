/** Which of many single requests are drawn: enough to see where they lie, few enough to see anything else. */

/** A panel is cut into so many columns of time, and in each so many are kept. */
const COLUMNS = 20;
const KEPT_IN_A_COLUMN = 3;

/**
 * The slowest, the fastest and those evenly between, in each stretch of time. Pure.
 *
 * @param {Array<{time: number, value: number}>} exemplars
 * @param {{from: number, to: number}} range
 * @returns {Array} the same objects, in the order of time
 */
export function thinned(exemplars, { from, to }) {
  const columns = new Map();
  // Columns stand still while the window moves, or dots would come and go.
  const width = Math.max((to - from) / COLUMNS, 1e-9);
  for (const exemplar of exemplars) {
    if (exemplar.time >= from && exemplar.time <= to) {
      const column = Math.floor(exemplar.time / width);
      const others = columns.get(column);
      if (others) {
        others.push(exemplar);
      } else {
        columns.set(column, [exemplar]);
      }
    }
  }
  return [...columns.values()].flatMap(spread).sort((one, other) => one.time - other.time);
}

function spread(column) {
  if (column.length <= KEPT_IN_A_COLUMN) {
    return column;
  }
  const sorted = [...column].sort((one, other) => one.value - other.value);
  const places = Array.from(
    { length: KEPT_IN_A_COLUMN },
    (_, index) => Math.round((index * (sorted.length - 1)) / (KEPT_IN_A_COLUMN - 1)),
  );
  return places.map((place) => sorted[place]);
}
