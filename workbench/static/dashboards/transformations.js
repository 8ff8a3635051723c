/**
 * Grafana's transformations of frames, by the id that stands in the JSON. Frames are not changed; new ones are made.
 */

import { calcTitle, calculate } from "../chart/calcs.js";

/** A transformation of the JSON that this workbench does not have. */
export class UnknownTransformation extends Error {
  constructor(id) {
    super(`This workbench does not have the transformation "${id}".`);
    this.name = "UnknownTransformation";
  }
}

/**
 * All of a panel's transformations, one after the other.
 *
 * @param {import("./frames.js").Frame[]} frames
 * @param {Array<{id: string, options?: Object, disabled?: boolean}>} transformations
 * @returns {import("./frames.js").Frame[]}
 */
export function transformed(frames, transformations = []) {
  return transformations.reduce((now, { id, options = {}, disabled }) => {
    if (disabled) {
      return now;
    }
    const transformation = TRANSFORMATIONS[id];
    if (transformation === undefined) {
      throw new UnknownTransformation(id);
    }
    return transformation(now, options);
  }, frames);
}

const TRANSFORMATIONS = {
  merge,
  organize: (frames, options) => frames.map((frame) => organized(frame, options)),
  filterFieldsByName: (frames, options) => frames.map((frame) => filtered(frame, options)),
  renameByRegex: (frames, options) => frames.map((frame) => renamed(frame, options)),
  sortBy: (frames, options) => frames.map((frame) => sorted(frame, options)),
  limit: (frames, { limitField = 10 }) =>
    frames.map((frame) => withRows(frame, rowNumbers(frame).slice(0, Number(limitField)))),
  reduce: (frames, options) => [reduced(frames, options)],
};

/**
 * One table of several: rows that agree in all fields that the tables share become one row. Two values for the same
 * cell stay two rows.
 */
function merge(frames) {
  const whole = frames.filter(({ fields }) => fields.length > 0);
  if (whole.length === 0) {
    return [];
  }
  const names = [...new Set(whole.flatMap(({ fields }) => fields.map(({ name }) => name)))];
  const shared = names.filter((name) => whole.every(({ fields }) => fields.some((field) => field.name === name)));
  const rows = new Map();
  const all = [];
  for (const frame of whole) {
    for (let index = 0; index < frame.length; index += 1) {
      const row = Object.fromEntries(frame.fields.map(({ name, values }) => [name, values[index]]));
      const key = JSON.stringify(shared.map((name) => row[name] ?? null));
      const place = (rows.get(key) ?? []).find((other) => fits(other, row));
      if (place) {
        Object.assign(place, row);
      } else {
        all.push(row);
        rows.set(key, [...(rows.get(key) ?? []), row]);
      }
    }
  }
  const fields = names.map((name) => {
    const first = whole.flatMap((frame) => frame.fields).find((field) => field.name === name);
    return { ...first, values: all.map((row) => row[name] ?? null) };
  });
  return [{ refId: whole.map(({ refId }) => refId).join("-"), length: all.length, fields: inOrder(fields) }];
}

/** Grafana shows the values after what they are about, whichever table brought them. */
function inOrder(fields) {
  return [...fields.filter(({ type }) => type !== "number"), ...fields.filter(({ type }) => type === "number")];
}

function fits(row, other) {
  return Object.entries(other).every(([name, value]) => {
    const there = row[name];
    return there === undefined || there === null || value === null || there === value;
  });
}

function organized(frame, { excludeByName = {}, indexByName = {}, renameByName = {} }) {
  const kept = frame.fields.filter(({ name }) => !excludeByName[name]);
  const place = (field) => indexByName[field.name] ?? Infinity;
  const ordered = kept
    .map((field, index) => ({ field, index }))
    .sort((one, other) => compared(place(one.field), place(other.field)) || one.index - other.index)
    .map(({ field }) => field);
  return { ...frame, fields: ordered.map((field) => called(field, renameByName[field.name])) };
}

function filtered(frame, { include = {}, exclude = {} }) {
  const names = (options) => new Set(options.names ?? []);
  const matches = (options) => {
    const expression = options.pattern ? expressionOf(options.pattern) : null;
    const listed = names(options);
    return (name) => listed.has(name) || (expression?.test(name) ?? false);
  };
  const included = include.names || include.pattern ? matches(include) : () => true;
  const excluded = matches(exclude);
  const keeps = (field) => included(field.name) || included(field.title ?? field.name);
  return { ...frame, fields: frame.fields.filter((field) => keeps(field) && !excluded(field.name)) };
}

function renamed(frame, { regex, renamePattern = "" }) {
  const expression = expressionOf(regex ?? "");
  return {
    ...frame,
    fields: frame.fields.map((field) => {
      const before = field.title ?? field.name;
      return expression.test(before) ? called(field, before.replace(expression, renamePattern)) : field;
    }),
  };
}

function sorted(frame, { sort = [] }) {
  const keys = sort
    .map(({ field, desc }) => ({ values: frame.fields.find(({ name }) => name === field)?.values, desc }))
    .filter(({ values }) => values !== undefined);
  const rows = rowNumbers(frame).sort((one, other) => {
    for (const { values, desc } of keys) {
      const order = compared(values[one], values[other]);
      if (order !== 0) {
        return desc ? -order : order;
      }
    }
    return one - other;
  });
  return withRows(frame, rows);
}

/** One row a field of numbers, with what was calculated of it. */
function reduced(frames, { reducers = ["max"] }) {
  const fields = frames.flatMap((frame) => frame.fields.filter(({ type }) => type === "number"));
  return {
    refId: frames[0]?.refId ?? "",
    length: fields.length,
    fields: [
      { name: "Field", type: "string", values: fields.map(({ title, name }) => title ?? name) },
      ...reducers.map((id) => ({
        name: calcTitle(id),
        type: "number",
        values: fields.map(({ values }) => calculate(id, { values })),
      })),
    ],
  };
}

function called(field, name) {
  return name ? { ...field, name, title: undefined } : field;
}

function rowNumbers(frame) {
  return Array.from({ length: frame.length }, (_, index) => index);
}

function withRows(frame, rows) {
  return {
    ...frame,
    length: rows.length,
    fields: frame.fields.map((field) => ({ ...field, values: rows.map((row) => field.values[row]) })),
  };
}

/** Numbers by size, everything else as text; nothing comes last. */
export function compared(one, other) {
  const missing = (value) => value === null || value === undefined || Number.isNaN(value);
  if (missing(one) || missing(other)) {
    return Number(missing(one)) - Number(missing(other));
  }
  if (typeof one === "number" && typeof other === "number") {
    return one < other ? -1 : Number(one > other);
  }
  return String(one).localeCompare(String(other), "en", { numeric: true });
}

/**
 * A regular expression as Grafana writes it: `/text/i` or bare. What is none matches nothing.
 *
 * @param {string} pattern
 */
export function expressionOf(pattern) {
  const written = /^\/(.*)\/([gimsuy]*)$/s.exec(pattern);
  try {
    return written ? new RegExp(written[1], written[2].replace(/[gy]/g, "")) : new RegExp(pattern);
  } catch {
    return /(?!)/;
  }
}
