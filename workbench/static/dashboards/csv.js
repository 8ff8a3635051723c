/** A panel's data as CSV: series side by side, tables as they are. */

import { csv } from "../format/csv.js";
import { iso } from "../format/time.js";

/**
 * Series share one column of times.
 *
 * @param {import("./frames.js").Frame[]} frames with titles
 * @returns {string}
 */
export function csvOf(frames) {
  const overTime = frames.length > 0 && frames.every(({ fields }) => fields.length === 2 && fields[0].type === "time");
  return overTime ? seriesCsv(frames) : frames.map(tableCsv).join("\r\n");
}

function seriesCsv(frames) {
  const byTime = new Map();
  frames.forEach(({ fields: [time, value] }, column) => {
    for (let index = 0; index < time.values.length; index += 1) {
      const row = byTime.get(time.values[index]) ?? new Array(frames.length).fill(null);
      row[column] = value.values[index];
      byTime.set(time.values[index], row);
    }
  });
  const times = [...byTime.keys()].sort((one, other) => one - other);
  const head = ["Time", ...frames.map(({ fields }) => fields[1].title ?? fields[1].name)];
  return csv([head, ...times.map((time) => [iso(time), ...byTime.get(time)])]);
}

function tableCsv({ fields, length }) {
  const shown = fields.filter(({ hidden }) => !hidden);
  const rows = Array.from(
    { length },
    (_, index) => shown.map(({ type, values }) => (type === "time" ? iso(values[index]) : values[index])),
  );
  return csv([shown.map(({ title, name }) => title ?? name), ...rows]);
}
