/** A panel's data as CSV, for spreadsheets: RFC 4180. */

/**
 * Series side by side with one column of times; tables as they are.
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
  return lines([head, ...times.map((time) => [moment(time), ...byTime.get(time)])]);
}

function tableCsv({ fields, length }) {
  const shown = fields.filter(({ hidden }) => !hidden);
  const rows = Array.from({ length }, (_, index) =>
    shown.map(({ type, values }) => (type === "time" ? moment(values[index]) : values[index])),
  );
  return lines([shown.map(({ title, name }) => title ?? name), ...rows]);
}

function lines(rows) {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** A text that a spreadsheet would take for a formula is kept from being one: telemetry is written by anybody. */
function cell(value) {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return "";
  }
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function moment(seconds) {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : "";
}
