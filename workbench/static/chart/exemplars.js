/** Which of many single requests are drawn: enough to see where they lie, few enough to see anything else. */

/** Of a small chart; a large one has room for more. */
const USUAL = { columns: 20, kept: 3 };

/**
 * The slowest, the fastest and those evenly between, in each stretch of time. Pure.
 *
 * @param {Array<{time: number, value: number}>} exemplars
 * @param {{from: number, to: number}} range
 * @param {{columns: number, kept: number}} columns of time, and how many of each are kept, at least 2
 * @returns {Array} the same objects, in the order of time
 */
export function thinned(exemplars, { from, to }, { columns: count, kept } = USUAL) {
  const columns = new Map();
  // Columns stand still while the window moves, or dots would come and go.
  const width = Math.max((to - from) / count, 1e-9);
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
  return [...columns.values()].flatMap((column) => spread(column, kept)).sort((one, other) => one.time - other.time);
}

function spread(column, kept) {
  if (column.length <= kept) {
    return column;
  }
  const sorted = [...column].sort((one, other) => one.value - other.value);
  return Array.from({ length: kept }, (_, index) => sorted[Math.round((index * (sorted.length - 1)) / (kept - 1))]);
}
