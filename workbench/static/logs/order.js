/** The order of lines, and putting answers of several questions together without losing or doubling a line. */

/**
 * Orders lines by time, oldest first; of the same nanosecond by stream, then as they came.
 * @param {{nano: string}[]} lines
 * @returns a new list
 */
export function oldestFirst(lines) {
  // Of an answer that is newest first also the lines of one nanosecond are the other way round.
  const came = lines.length > 1 && byTime(lines[0], lines.at(-1)) > 0 ? lines.toReversed() : lines;
  return came
    .map((line, i) => ({ line, i, stream: streamOf(line) }))
    .sort((one, other) => byTime(one.line, other.line) || byText(one.stream, other.stream) || one.i - other.i)
    .map(({ line }) => line);
}

/** Compares by time. Nanoseconds have the same number of digits from 2001 to 2286; of others the longer is later. */
export function byTime(one, other) {
  return one.nano.length - other.nano.length || byText(one.nano, other.nano);
}

function byText(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}

const streams = new WeakMap();

/** The labels of a line's stream as text: the same for lines of the same stream. */
export function streamOf(line) {
  const labels = line.labels ?? {};
  let text = streams.get(labels);
  if (text === undefined) {
    text = JSON.stringify(Object.keys(labels).sort().map((name) => [name, labels[name]]));
    streams.set(labels, text);
  }
  return text;
}

/** What makes a line the line it is. Two lines may have the same identity: a stream may say the same twice at once. */
export function identityOf(line) {
  return `${line.nano} ${streamOf(line)} ${line.line}`;
}

/**
 * The lines of a second answer that a first did not have, for answers that overlap in time. A line that is twice in
 * the second and once in the first is new once.
 * @param {object[]} known
 * @param {object[]} arrived
 */
export function onlyNew(known, arrived) {
  const counts = new Map();
  for (const line of known) {
    const identity = identityOf(line);
    counts.set(identity, (counts.get(identity) ?? 0) + 1);
  }
  return arrived.filter((line) => {
    const identity = identityOf(line);
    const left = counts.get(identity) ?? 0;
    if (left > 0) counts.set(identity, left - 1);
    return left === 0;
  });
}

/**
 * Lines merged into a list that is ordered, oldest first. Fast when they belong at its end, as arriving lines do.
 * @param {object[]} ordered
 * @param {object[]} lines in any order
 */
export function merged(ordered, lines) {
  const added = oldestFirst(lines);
  if (!added.length) return ordered;
  if (!ordered.length || byTime(ordered.at(-1), added[0]) < 0) return ordered.concat(added);
  if (byTime(added.at(-1), ordered[0]) < 0) return added.concat(ordered);
  return oldestFirst(ordered.concat(added));
}

/** A line's name in addresses: its nanosecond, and a hash of who said what. */
export function lineId(line) {
  return `${line.nano}-${hash(`${line.labels?.service ?? line.labels?.service_name ?? ""} ${line.line}`)}`;
}

/** FNV-1a, 32 bits. Of a very long line the beginning and the length tell enough. */
function hash(text) {
  const part = text.length > 10_000 ? `${text.slice(0, 10_000)}${text.length}` : text;
  let state = 0x811c9dc5;
  for (let i = 0; i < part.length; i += 1) state = Math.imul(state ^ part.charCodeAt(i), 0x01000193);
  return (state >>> 0).toString(36);
}
