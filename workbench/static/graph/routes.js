/**
 * Curves of edges: straight through columns, curved in the space between them, so that none passes through a box.
 *
 * Coordinates here are [along, across]: along the direction of the graph, and across it.
 */

/** Pixels between two edges that begin or end at the same side of a box, if there is room. */
const PORT_GAP = 18;
const LOOP_REACH = 26;

/**
 * Where on the sides of its boxes each edge begins and ends, so that edges do not lie on each other.
 *
 * @param {{from: string, to: string, via: string[]}[]} chains  edges left to right: boxes and the places between
 * @param {Map<string, number>} middle  of each box and place, across
 * @param {Map<string, number>} breadth  of each box, across
 * @returns {{begin: number, end: number}[]} across, one for each chain
 */
export function ports(chains, middle, breadth) {
  const result = chains.map(() => ({ begin: 0, end: 0 }));
  const sides = new Map();
  chains.forEach(({ from, to, via }, i) => {
    add(sides, `>${from}`, { i, end: "begin", id: from, towards: middle.get(via[0] ?? to) });
    add(sides, `<${to}`, { i, end: "end", id: to, towards: middle.get(via.at(-1) ?? from) });
  });
  for (const list of sides.values()) {
    list.sort((a, b) => a.towards - b.towards || a.i - b.i);
    const centre = middle.get(list[0].id);
    const step = Math.min(PORT_GAP, (breadth.get(list[0].id) - 16) / list.length);
    list.forEach(({ i, end }, k) => {
      result[i][end] = centre + (k - (list.length - 1) / 2) * step;
    });
  }
  return result;
}

/**
 * The way of an edge: [along, across] pairs at which it enters or leaves a column.
 *
 * @param {{left: number, right: number, across: number}[]} stops  columns that it passes, left to right; the first
 *     begins at the side of its box, the last ends there
 */
export function waypoints(stops) {
  return stops.flatMap(({ left, right, across }) =>
    left === right
      ? [[left, across]]
      : [
          [left, across],
          [right, across],
        ],
  );
}

/**
 * A path through the waypoints, as SVG has it.
 *
 * @param {[number, number][]} points  [along, across]
 * @param {(along: number, across: number) => [number, number]} place  turns them into x and y
 */
export function curve(points, place) {
  const at = (along, across) => place(along, across).map(round).join(" ");
  let path = `M${at(...points[0])}`;
  for (let i = 1; i < points.length; i++) {
    const [fromAlong, fromAcross] = points[i - 1];
    const [toAlong, toAcross] = points[i];
    if (Math.abs(fromAcross - toAcross) < 0.5) path += `L${at(toAlong, toAcross)}`;
    else {
      const middle = (fromAlong + toAlong) / 2;
      path += `C${at(middle, fromAcross)} ${at(middle, toAcross)} ${at(toAlong, toAcross)}`;
    }
  }
  return path;
}

/** A loop at the near side of a box: who calls itself. */
export function loopCurve(box, place) {
  const at = (along, across) => place(along, across).map(round).join(" ");
  const centre = (box.left + box.right) / 2;
  const reach = Math.min(22, (box.right - box.left) / 4);
  return (
    `M${at(centre - reach, box.near)}C${at(centre - reach, box.near - LOOP_REACH)} ` +
    `${at(centre + reach, box.near - LOOP_REACH)} ${at(centre + reach, box.near)}`
  );
}

export { LOOP_REACH };

function add(map, key, value) {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function round(value) {
  return Math.round(value * 10) / 10;
}
