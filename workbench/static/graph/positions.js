/**
 * How far down each place of a column stands: as near to its neighbours as the order of the column allows.
 */

const ROUNDS = 24;

/**
 * @param {string[][]} columns  places in order
 * @param {[string, string][]} links  pairs of places in neighbouring columns
 * @param {Map<string, number>} breadth  room each place needs across the columns, in pixels
 * @param {(a: string, b: string) => number} gap  free space between two neighbours of a column, in pixels
 * @param {(a: string, b: string) => number} weight  how much a link wants to be straight
 * @returns {Map<string, number>} the middle of each place; the smallest edge of all is at 0
 */
export function positioned(columns, links, breadth, gap, weight) {
  const near = new Map();
  for (const [left, right] of links) {
    pushTo(near, left, right, weight(left, right));
    pushTo(near, right, left, weight(left, right));
  }
  const middle = new Map();
  for (const column of columns) {
    let at = 0;
    column.forEach((id, i) => {
      at += i === 0 ? 0 : distance(column[i - 1], id);
      middle.set(id, at);
    });
    const half = at / 2;
    for (const id of column) middle.set(id, middle.get(id) - half);
  }
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? columns : columns.toReversed();
    for (const column of order) settle(column);
  }
  const top = Math.min(...columns.flat().map((id) => middle.get(id) - breadth.get(id) / 2));
  for (const [id, at] of middle) middle.set(id, at - top);
  return middle;

  function distance(a, b) {
    return (breadth.get(a) + breadth.get(b)) / 2 + gap(a, b);
  }

  /** Least squares under the order: neighbours that want the same room are averaged as one block. */
  function settle(column) {
    const offsets = [];
    const blocks = [];
    column.forEach((id, i) => {
      offsets.push(i === 0 ? 0 : offsets[i - 1] + distance(column[i - 1], id));
      const links = near.get(id) ?? [];
      const total = links.reduce((sum, link) => sum + link.weight, 0);
      const wanted =
        total === 0 ? middle.get(id) : links.reduce((sum, link) => sum + link.weight * middle.get(link.id), 0) / total;
      // A place nobody is linked to does not push those that are.
      blocks.push({ count: 1, weight: Math.max(total, 0.01), at: wanted - offsets[i] });
      while (blocks.length > 1 && blocks.at(-2).at > blocks.at(-1).at) {
        const b = blocks.pop();
        const a = blocks.pop();
        const sum = a.weight + b.weight;
        blocks.push({ count: a.count + b.count, weight: sum, at: (a.at * a.weight + b.at * b.weight) / sum });
      }
    });
    let i = 0;
    for (const block of blocks) {
      for (let k = 0; k < block.count; k++, i++) middle.set(column[i], block.at + offsets[i]);
    }
  }
}

function pushTo(map, key, id, weight) {
  const list = map.get(key);
  if (list) list.push({ id, weight });
  else map.set(key, [{ id, weight }]);
}
