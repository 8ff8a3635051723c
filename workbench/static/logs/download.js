/** Lines as the text of a file. */

/** One line a line, with its time in front. Line breaks within a line stay: it is what the program wrote. */
export function asText(lines) {
  return lines.map((line) => `${momentOf(line)}\t${line.line}\n`).join("");
}

/** One JSON object a line, with its labels and metadata apart from the line itself. */
export function asJsonLines(lines) {
  return lines
    .map(({ labels, metadata = {}, line, ...rest }) =>
      `${JSON.stringify({ timestamp: momentOf(rest), labels, metadata, line })}\n`
    )
    .join("");
}

/** RFC 3339 in UTC, to the nanosecond. */
export function momentOf({ nano }) {
  const moment = BigInt(nano);
  const seconds = new Date(Number(moment / 1_000_000_000n) * 1000).toISOString().slice(0, -5);
  return `${seconds}.${String(moment % 1_000_000_000n).padStart(9, "0")}Z`;
}
