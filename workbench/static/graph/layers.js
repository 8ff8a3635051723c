/**
 * Which column a node stands in: cycles are opened, then every node stands one step after the last that points at it.
 *
 * Everything is deterministic: it depends on ids and edges, never on the order in which they were given.
 */

/**
 * @param {string[]} ids  all nodes, sorted
 * @param {{source: string, target: string}[]} edges  between different nodes; both ends are in `ids`
 * @returns {{layer: Map<string, number>, isReversed: boolean[]}} the column of each node, from 0; and for each edge
 *     whether it runs against the columns because it closes a cycle
 */
export function layersOf(ids, edges) {
  const isReversed = cycleClosing(ids, edges);
  const forward = edges.map((edge, i) =>
    isReversed[i] ? { source: edge.target, target: edge.source } : { source: edge.source, target: edge.target },
  );
  const next = neighbours(ids, forward, "source", "target");
  const before = neighbours(ids, forward, "target", "source");
  const order = topological(ids, next, before);

  const layer = new Map(ids.map((id) => [id, 0]));
  for (const id of order) {
    for (const target of next.get(id)) layer.set(target, Math.max(layer.get(target), layer.get(id) + 1));
  }
  // Who calls only somebody far to the right stands beside them: short edges are easier to follow.
  for (const id of order.toReversed()) {
    const targets = next.get(id);
    if (targets.length > 0 && before.get(id).length === 0) {
      layer.set(id, Math.min(...targets.map((target) => layer.get(target))) - 1);
    }
  }
  return { layer, isReversed };
}

/** Edges that a depth-first walk meets on its own path; it begins where nothing points at, so callers come first. */
function cycleClosing(ids, edges) {
  const outgoing = new Map(ids.map((id) => [id, []]));
  const incomingCount = new Map(ids.map((id) => [id, 0]));
  edges.forEach(({ source, target }, i) => {
    outgoing.get(source).push(i);
    incomingCount.set(target, incomingCount.get(target) + 1);
  });
  for (const list of outgoing.values()) list.sort((a, b) => compare(edges[a].target, edges[b].target));

  const isReversed = edges.map(() => false);
  const state = new Map();
  const walk = (start) => {
    // A stack of its own: a chain of thousands of nodes would overflow the language's.
    const path = [{ id: start, at: 0 }];
    state.set(start, "open");
    while (path.length > 0) {
      const top = path.at(-1);
      const list = outgoing.get(top.id);
      if (top.at === list.length) {
        state.set(top.id, "done");
        path.pop();
        continue;
      }
      const i = list[top.at++];
      const { target } = edges[i];
      if (state.get(target) === "open") isReversed[i] = true;
      else if (!state.has(target)) {
        state.set(target, "open");
        path.push({ id: target, at: 0 });
      }
    }
  };
  const beginnings = ids.toSorted(
    (a, b) =>
      Math.min(incomingCount.get(a), 1) - Math.min(incomingCount.get(b), 1) ||
      excess(outgoing, incomingCount, b) - excess(outgoing, incomingCount, a) ||
      compare(a, b),
  );
  for (const id of beginnings) if (!state.has(id)) walk(id);
  return isReversed;
}

/** How much more a node calls than it is called: in a cycle, the one to begin with. */
function excess(outgoing, incomingCount, id) {
  return outgoing.get(id).length - incomingCount.get(id);
}

function neighbours(ids, edges, from, to) {
  const found = new Map(ids.map((id) => [id, []]));
  for (const edge of edges) found.get(edge[from]).push(edge[to]);
  return found;
}

function topological(ids, next, before) {
  const waiting = new Map(ids.map((id) => [id, before.get(id).length]));
  const ready = ids.filter((id) => waiting.get(id) === 0);
  const order = [];
  while (ready.length > 0) {
    const id = ready.shift();
    order.push(id);
    for (const target of next.get(id)) {
      waiting.set(target, waiting.get(target) - 1);
      if (waiting.get(target) === 0) ready.push(target);
    }
  }
  return order;
}

/** Order of ids by code units: the same in every browser and language. */
export function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
