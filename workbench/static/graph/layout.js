/**
 * Places the boxes of a directed graph in columns, callers left of whom they call, and finds the edges' curves.
 *
 * Pure: no DOM, no chance, no clock. The same graph gives the same picture in whatever order it is told; a graph that
 * gains a box keeps the order of the others (`before`). Labels have columns of their own between those of the boxes, so
 * nothing lies on anything else. Turned by a quarter (`direction: "down"`), columns become rows.
 */

import { compare, layersOf } from "./layers.js";
import { ordered } from "./ordering.js";
import { positioned } from "./positions.js";
import { curve, loopCurve, LOOP_REACH, ports, waypoints } from "./routes.js";

/** Least pixels between a column of boxes and one of labels, and how much more there may be to fill the width. */
const COLUMN_GAP = 26;
const MOST_SPARE = 104;
const BOX_GAP = 24;
const PLACE_GAP = 14;
const COMPONENT_GAP = 40;

/**
 * @typedef {{id: string, width: number, height: number}} Box
 * @typedef {{source: string, target: string, label?: {width: number, height: number}|null}} Edge
 * @typedef {{x: number, y: number, width: number, height: number}} Rectangle
 */

/**
 * @param {Box[]} boxes
 * @param {Edge[]} edges  those whose ends are no boxes are left out; the same pair only counts once
 * @param {{direction?: "right"|"down", available?: number, columnGap?: number,
 *     before?: Map<string, {x: number, y: number}>}} options
 *     `available`: pixels in the direction, which are filled if there are more than needed; `before`: the places of an
 *     earlier layout
 * @returns {{width: number, height: number, boxes: Map<string, Rectangle>,
 *     edges: {source: string, target: string, path: string, points: [number, number][], label: Rectangle|null}[]}}
 */
export function layout(boxes, edges, options = {}) {
  const { direction = "right", available = 0, columnGap = COLUMN_GAP, before = new Map() } = options;
  const isDown = direction === "down";
  const turn = (along, across) => (isDown ? [across, along] : [along, across]);
  const known = new Map(boxes.map((box) => [box.id, box]));
  const kept = distinct(edges).filter((edge) => known.has(edge.source) && known.has(edge.target));
  const acrossBefore = new Map([...before].map(([id, place]) => [id, isDown ? place.x : place.y]));

  const result = { width: 0, height: 0, boxes: new Map(), edges: [] };
  const parts = components([...known.keys()], kept, acrossBefore).map(({ ids, edges }) =>
    component(ids, edges, known, { turn, isDown, available, columnGap, acrossBefore }),
  );
  const single = parts.filter((part) => part.isSingle);
  const linked = parts.filter((part) => !part.isSingle);
  const longest = Math.max(available, 0, ...linked.map((part) => part.length));
  const rows = [...linked.map((part) => [part]), ...inRows(single, longest)];

  let across = 0;
  let length = 0;
  for (const row of rows) {
    let along = 0;
    for (const part of row) {
      take(part, along, across);
      along += part.length + BOX_GAP;
    }
    length = Math.max(length, along - BOX_GAP);
    across += Math.max(...row.map((part) => part.breadth)) + COMPONENT_GAP;
  }
  [result.width, result.height] = turn(length, Math.max(0, across - COMPONENT_GAP));
  return result;

  function take(part, along, across) {
    const place = (a, b) => turn(a + along, b + across);
    const rectangle = ({ left, right, near, far }) => {
      const [x, y] = place(left, near);
      const [toX, toY] = place(right, far);
      return { x, y, width: toX - x, height: toY - y };
    };
    for (const [id, extent] of part.boxes) result.boxes.set(id, rectangle(extent));
    for (const edge of part.edges) {
      const points = edge.isBackward ? edge.points.toReversed() : edge.points;
      result.edges.push({
        source: edge.source,
        target: edge.target,
        path: edge.loop ? loopCurve(edge.loop, place) : curve(points, place),
        points: points.map(([a, b]) => place(a, b)),
        label: edge.label ? rectangle(edge.label) : null,
      });
    }
  }
}

/** One connected part, with its own corner at 0, 0; extents are {left, right} along and {near, far} across. */
function component(ids, edges, known, { turn, isDown, available, columnGap, acrossBefore }) {
  const loops = edges.filter(({ source, target }) => source === target);
  const calls = edges.filter(({ source, target }) => source !== target);
  const { layer, isReversed } = layersOf(ids, calls);
  const lowest = Math.min(...layer.values());

  const size = new Map();
  const loopRoom = new Map();
  for (const id of ids) {
    const { width, height } = known.get(id);
    const loop = loops.find(({ source }) => source === id);
    const [labelLength, labelBreadth] = loop?.label ? turn(loop.label.width, loop.label.height) : [0, 0];
    const [length, breadth] = turn(width, height);
    const room = loop ? LOOP_REACH + labelBreadth : 0;
    loopRoom.set(id, room);
    // Room on both sides, so that the middle of the place stays that of the box.
    size.set(id, { length, room: Math.max(length, labelLength), breadth: breadth + 2 * room, box: breadth });
  }

  // Columns of boxes have even numbers; between them are those of labels.
  const columnOf = new Map(ids.map((id) => [id, 2 * (layer.get(id) - lowest)]));
  const links = [];
  const chains = calls.map((edge, i) => {
    const [from, to] = isReversed[i] ? [edge.target, edge.source] : [edge.source, edge.target];
    const first = columnOf.get(from) + 1;
    const last = columnOf.get(to) - 1;
    const labelColumn = first + 2 * Math.floor((last - first) / 4);
    const via = [];
    for (let column = first; column <= last; column++) {
      const place = `${JSON.stringify([edge.source, edge.target])} ${column}`;
      const label = column === labelColumn ? edge.label : null;
      const [length, breadth] = label ? turn(label.width, label.height) : [0, 4];
      size.set(place, { length, room: length, breadth, box: breadth });
      columnOf.set(place, column);
      via.push(place);
    }
    [from, ...via].forEach((place, k) => links.push([place, via[k] ?? to]));
    return { edge, from, to, via, isBackward: isReversed[i], labelPlace: edge.label ? via[labelColumn - first] : null };
  });

  const columns = ordered(begun(ids, columnOf, links, acrossBefore), links);
  const breadth = new Map([...size].map(([place, { breadth }]) => [place, breadth]));
  const isBox = (place) => known.has(place);
  const middle = positioned(
    columns,
    links,
    breadth,
    (a, b) => (isBox(a) && isBox(b) ? BOX_GAP : PLACE_GAP),
    // The longer an edge, the more it disturbs when it is not straight.
    (a, b) => (isBox(a) || isBox(b) ? 1 : 4),
  );

  const extents = columnExtents(columns, size, available, columnGap);
  const at = (place) => {
    const { left, right } = extents[columnOf.get(place)];
    return { left, right, across: middle.get(place) };
  };
  const extentOf = (place) => {
    const { left, right, across } = at(place);
    const { length, box } = size.get(place);
    const centre = (left + right) / 2;
    return { left: centre - length / 2, right: centre + length / 2, near: across - box / 2, far: across + box / 2 };
  };
  const boxes = new Map(ids.map((id) => [id, extentOf(id)]));
  const portsOf = ports(chains, middle, new Map([...size].map(([place, { box }]) => [place, box])));
  const drawn = chains.map(({ edge, from, to, via, isBackward, labelPlace }, i) => ({
    source: edge.source,
    target: edge.target,
    isBackward,
    label: labelPlace ? extentOf(labelPlace) : null,
    points: waypoints([
      { left: boxes.get(from).right, right: at(from).right, across: portsOf[i].begin },
      ...via.map(at),
      { left: at(to).left, right: boxes.get(to).left, across: portsOf[i].end },
    ]),
  }));
  for (const { source, target, label } of loops) {
    const box = boxes.get(source);
    const centre = (box.left + box.right) / 2;
    const near = box.near - LOOP_REACH;
    const [length, labelBreadth] = label ? turn(label.width, label.height) : [0, 0];
    drawn.push({
      source,
      target,
      loop: box,
      points: [
        [centre, near],
        [centre, box.near],
      ],
      label: label && { left: centre - length / 2, right: centre + length / 2, near: near - labelBreadth, far: near },
    });
  }
  const farthest = Math.max(...columns.flat().map((place) => middle.get(place) + size.get(place).breadth / 2));
  return {
    boxes,
    edges: drawn,
    length: extents.at(-1).right,
    breadth: farthest,
    isSingle: ids.length === 1,
    isDown,
  };
}

/** From where to where each column reaches; what is available beyond the need widens the gaps. */
function columnExtents(columns, size, available, columnGap) {
  const lengths = columns.map((column) => Math.max(0, ...column.map((place) => size.get(place).room)));
  const needed = lengths.reduce((a, b) => a + b, 0) + columnGap * (columns.length - 1);
  const spare = columns.length > 1 ? Math.max(0, available - needed) / (columns.length - 1) : 0;
  const gap = columnGap + Math.min(MOST_SPARE, spare);
  let left = 0;
  return lengths.map((length) => {
    const extent = { left, right: left + length };
    left += length + gap;
    return extent;
  });
}

/** The columns with their places in a first order: as they were before, or as a walk along the edges meets them. */
function begun(ids, columnOf, links, acrossBefore) {
  const next = new Map();
  const hasCaller = new Set();
  for (const [left, right] of links) {
    next.set(left, [...(next.get(left) ?? []), right]);
    hasCaller.add(right);
  }
  for (const list of next.values()) list.sort(compare);
  const met = new Map();
  // The last in is the first out: boxes that nobody calls come first, each followed by what it leads to.
  const stack = [...ids.filter((id) => !hasCaller.has(id)), ...ids.filter((id) => hasCaller.has(id))].reverse();
  while (stack.length > 0) {
    const place = stack.pop();
    if (met.has(place)) continue;
    met.set(place, met.size);
    stack.push(...(next.get(place) ?? []).toReversed());
  }
  const across = knownAcross(links, acrossBefore, columnOf);
  const columns = Array.from({ length: Math.max(...columnOf.values()) + 1 }, () => []);
  for (const [place, column] of columnOf) columns[column].push(place);
  for (const column of columns) {
    column.sort((a, b) => (across.get(a) ?? Infinity) - (across.get(b) ?? Infinity) || met.get(a) - met.get(b));
  }
  return columns;
}

/** Where places were; one that is new is thought to be where its neighbours were. */
function knownAcross(links, acrossBefore, columnOf) {
  const across = new Map();
  for (const place of columnOf.keys()) if (acrossBefore.has(place)) across.set(place, acrossBefore.get(place));
  if (across.size === 0) return across;
  for (const [left, right] of links) if (!across.has(right) && across.has(left)) across.set(right, across.get(left));
  for (const [left, right] of links.toReversed()) {
    if (!across.has(left) && across.has(right)) across.set(left, across.get(right));
  }
  return across;
}

/** Connected parts: largest first, but those that were there before in the order they had. */
function components(ids, edges, acrossBefore) {
  const parent = new Map(ids.map((id) => [id, id]));
  const root = (id) => {
    while (parent.get(id) !== id) id = parent.set(id, parent.get(parent.get(id))).get(id);
    return id;
  };
  for (const { source, target } of edges) parent.set(root(source), root(target));
  const byRoot = new Map();
  for (const id of ids.toSorted(compare)) {
    const key = root(id);
    if (!byRoot.has(key)) byRoot.set(key, { ids: [], edges: [] });
    byRoot.get(key).ids.push(id);
  }
  for (const edge of edges) byRoot.get(root(edge.source)).edges.push(edge);
  const place = ({ ids }) => Math.min(...ids.map((id) => acrossBefore.get(id) ?? Infinity));
  const difference = (a, b) => (a === b ? 0 : a - b);
  return [...byRoot.values()].sort(
    (a, b) => difference(place(a), place(b)) || b.ids.length - a.ids.length || compare(a.ids[0], b.ids[0]),
  );
}

function inRows(parts, longest) {
  const rows = [];
  let room = -1;
  for (const part of parts) {
    if (room < part.length) {
      rows.push([]);
      room = longest;
    }
    rows.at(-1).push(part);
    room -= part.length + BOX_GAP;
  }
  return rows;
}

/** In order of their ends, each pair once. */
function distinct(edges) {
  const found = new Map();
  for (const edge of edges) {
    const key = JSON.stringify([edge.source, edge.target]);
    if (!found.has(key)) found.set(key, edge);
  }
  return [...found.values()].sort((a, b) => compare(a.source, b.source) || compare(a.target, b.target));
}
