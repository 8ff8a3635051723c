/** Rows as CSV, for spreadsheets: RFC 4180. */

/**
 * @param {Array<Array<string|number|null|undefined>>} rows
 * @returns {string}
 */
export function csv(rows) {
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
