/** What the fields of lines are made of: how many values, which ones, and of numbers how they spread. */
import { everything } from "./fields.js";

/** Values of a field that are told apart; beyond, a field says "more than". */
const MOST_VALUES = 5000;
const MOST_FIELDS = 300;
const BARS = 20;

/** Fields that say of every line something else, or what the list shows anyway. */
const POINTLESS = new Set(["timestamp", "time", "ts"]);

/**
 * @param {import("../data/log_line.js").Line[]} lines
 * @returns {{lines: number, fields: {name: string, kind: "label"|"metadata"|"field", count: number, distinct: number,
 *   more: boolean, top: {value: string, count: number}[], numbers: NumberStatistics|null}[]}} fields in the order:
 *   labels, metadata, fields; each by how many lines have it. `more`: not all distinct values were counted.
 */
export function fieldStatistics(lines, { top = 10 } = {}) {
  const fields = new Map();
  for (const line of lines) {
    for (const { kind, name, value } of everything(line)) {
      if (POINTLESS.has(name)) continue;
      let field = fields.get(name);
      if (!field) {
        if (fields.size >= MOST_FIELDS) continue;
        fields.set(name, field = { name, kind, count: 0, more: false, values: new Map() });
      }
      field.count += 1;
      const known = field.values.get(value);
      if (known !== undefined) field.values.set(value, known + 1);
      else if (field.values.size < MOST_VALUES) field.values.set(value, 1);
      else field.more = true;
    }
  }
  const kinds = ["label", "metadata", "field"];
  const sorted = [...fields.values()].sort((one, other) =>
    kinds.indexOf(one.kind) - kinds.indexOf(other.kind) || other.count - one.count || (one.name < other.name ? -1 : 1)
  );
  return { lines: lines.length, fields: sorted.map((field) => summary(field, top)) };
}

function summary({ name, kind, count, more, values }, top) {
  const ordered = [...values].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
  return {
    name,
    kind,
    count,
    distinct: values.size,
    more,
    top: ordered.slice(0, top).map(([value, times]) => ({ value, count: times })),
    numbers: isId(name) ? null : numbersOf(values),
  };
}

/** The number of a trace, a user or a product is a name: its mean says nothing. */
function isId(name) {
  return /(^|_)id$/i.test(name);
}

/**
 * @typedef {{count: number, min: number, median: number, p95: number, max: number,
 *   bars: {from: number, to: number, count: number}[]}} NumberStatistics
 * @param {Map<string, number>} values texts and how often each came
 * @returns {NumberStatistics|null} null unless there are several and all are numbers
 */
export function numbersOf(values) {
  const pairs = [];
  for (const [text, count] of values) {
    const number = text.trim() === "" ? NaN : Number(text);
    if (!Number.isFinite(number)) return null;
    pairs.push([number, count]);
  }
  if (pairs.length < 2) return null;
  pairs.sort((one, other) => one[0] - other[0]);
  const count = pairs.reduce((sum, [, times]) => sum + times, 0);
  const [min, max] = [pairs[0][0], pairs.at(-1)[0]];
  const bars = Array.from({ length: BARS }, (_, i) => ({
    from: min + ((max - min) * i) / BARS,
    to: min + ((max - min) * (i + 1)) / BARS,
    count: 0,
  }));
  for (const [number, times] of pairs) {
    bars[Math.min(Math.floor(((number - min) / (max - min)) * BARS), BARS - 1)].count += times;
  }
  return { count, min, median: quantile(pairs, count, 0.5), p95: quantile(pairs, count, 0.95), max, bars };
}

/** Between two values linearly, as spreadsheets and numpy do. */
function quantile(pairs, count, share) {
  const place = share * (count - 1);
  const low = valueAt(pairs, Math.floor(place));
  return low + (valueAt(pairs, Math.ceil(place)) - low) * (place - Math.floor(place));
}

function valueAt(pairs, index) {
  let passed = 0;
  for (const [number, times] of pairs) {
    passed += times;
    if (index < passed) return number;
  }
  return pairs.at(-1)[0];
}
