/** Charts with the same key point at the same time: moving over one shows the moment in all of them. */

const groups = new Map();

/**
 * @param {string|undefined} key without one the chart is alone
 * @param {(time: number|null) => void} listener told when another chart of the group moves (null: left it)
 * @returns {{move: (time: number|null) => void, leave: () => void}}
 */
export function joinCursor(key, listener) {
  if (key === undefined || key === null) return { move() {}, leave() {} };
  const group = groups.get(key) ?? new Set();
  groups.set(key, group.add(listener));
  return {
    move(time) {
      for (const other of group) if (other !== listener) other(time);
    },
    leave() {
      group.delete(listener);
      if (!group.size && groups.get(key) === group) groups.delete(key);
    },
  };
}
