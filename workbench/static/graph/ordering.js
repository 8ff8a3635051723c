/**
 * In which order the places of a column stand, so that few edges cross.
 *
 * A place is a node, or a point of an edge that passes a column. Sweeps put every place at the mean of its neighbours
 * in the column before (then: after); the best order found is kept. What was there before stays where it was unless
 * moving it makes fewer crossings.
 */

const SWEEPS = 12;

/**
 * @param {string[][]} columns  places of each column, in the order to begin with
 * @param {[string, string][]} links  pairs of places in neighbouring columns, left one first
 * @returns {string[][]} the same places, in a better order
 */
export function ordered(columns, links) {
  const next = new Map();
  const before = new Map();
  for (const [left, right] of links) {
    pushTo(next, left, right);
    pushTo(before, right, left);
  }
  let current = columns.map((column) => column.slice());
  let best = current;
  let fewest = crossings(current, next);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    current = sweep % 2 === 0 ? sweepRight(current, before) : sweepLeft(current, next);
    current = exchanged(current, next, before);
    const count = crossings(current, next);
    if (count < fewest) {
      fewest = count;
      best = current;
    }
  }
  return best;
}

/** How many pairs of edges cross between the columns. */
export function crossings(columns, next) {
  let count = 0;
  for (let i = 0; i + 1 < columns.length; i++) {
    const at = positions(columns[i + 1]);
    const ends = columns[i].flatMap((id) => (next.get(id) ?? []).map((other) => at.get(other)).sort((a, b) => a - b));
    count += inversions(ends, columns[i + 1].length);
  }
  return count;
}

/** Pairs in the wrong order, counted with a tree of counters. */
function inversions(numbers, size) {
  const tree = new Int32Array(size + 1);
  let count = 0;
  numbers.forEach((number, seen) => {
    let notGreater = 0;
    for (let i = number + 1; i > 0; i -= i & -i) notGreater += tree[i];
    count += seen - notGreater;
    for (let i = number + 1; i <= size; i += i & -i) tree[i]++;
  });
  return count;
}

function sweepRight(columns, before) {
  const result = [columns[0]];
  for (let i = 1; i < columns.length; i++) result.push(byMean(columns[i], result[i - 1], before));
  return result;
}

function sweepLeft(columns, next) {
  const result = columns.slice();
  for (let i = columns.length - 2; i >= 0; i--) result[i] = byMean(columns[i], result[i + 1], next);
  return result;
}

function byMean(column, fixed, neighbours) {
  const at = positions(fixed);
  const scale = fixed.length / Math.max(1, column.length);
  const wanted = new Map(
    column.map((id, i) => {
      const places = (neighbours.get(id) ?? []).map((other) => at.get(other));
      // Without a neighbour there, a place stays where it is in relation to the others.
      return [id, places.length > 0 ? places.reduce((a, b) => a + b) / places.length : i * scale];
    }),
  );
  return column.toSorted((a, b) => wanted.get(a) - wanted.get(b));
}

/** Exchanges neighbours wherever that makes fewer crossings. */
function exchanged(columns, next, before) {
  const result = columns.map((column) => column.slice());
  for (let i = 0; i < result.length; i++) {
    const column = result[i];
    const left = i > 0 ? positions(result[i - 1]) : new Map();
    const right = i + 1 < result.length ? positions(result[i + 1]) : new Map();
    for (let k = 0; k + 1 < column.length; k++) {
      const [a, b] = [column[k], column[k + 1]];
      const asIs = pairCrossings(before, left, a, b) + pairCrossings(next, right, a, b);
      const turned = pairCrossings(before, left, b, a) + pairCrossings(next, right, b, a);
      if (turned < asIs) [column[k], column[k + 1]] = [b, a];
    }
  }
  return result;
}

function pairCrossings(neighbours, at, upper, lower) {
  let count = 0;
  for (const a of neighbours.get(upper) ?? []) {
    for (const b of neighbours.get(lower) ?? []) if (at.get(a) > at.get(b)) count++;
  }
  return count;
}

function positions(column) {
  return new Map(column.map((id, i) => [id, i]));
}

function pushTo(map, key, value) {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
