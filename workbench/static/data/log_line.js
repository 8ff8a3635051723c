/**
 * A log line as pages use it.
 *
 * @typedef {{id: string, time: number, nano: string, labels: Object<string, string>, metadata: Object<string, string>,
 *   parsed: Object<string, string>, line: string, fields: Object<string, *>, level: string, traceId: string|null,
 *   spanId: string|null}} Line
 *   time in unix seconds, nano the same to the nanosecond as text; labels are those of the stream, metadata what was
 *   sent with the line, parsed what the query found in it; fields are those of its JSON, {} for other text; level is
 *   one of LEVELS of levels.js.
 */

import { levelIn } from "./levels.js";

/** Longer lines are shown as text and not taken apart: Loki itself takes lines of 256 kB unless told otherwise. */
export const LONGEST_PARSED = 256 * 1024;

/**
 * The lines of Loki's streams, in the order asked for.
 *
 * @param {Array<{stream: Object<string, string>, values: Array<[string, string, Object=]>}>} streams
 * @param {"backward"|"forward"} direction newest or oldest first
 * @returns {Line[]}
 */
export function linesOf(streams, direction = "backward") {
  const lines = streams.flatMap(({ stream, values }) => {
    const key = JSON.stringify(stream);
    return values.map(([nano, text, apart]) => new LogLine(nano, stream, text, apart, key));
  });
  const sign = direction === "forward" ? 1 : -1;
  // Nanoseconds of the same length compare as text.
  return lines.sort((one, other) => sign * (one.nano < other.nano ? -1 : one.nano > other.nano ? 1 : 0));
}

/** Its fields are parsed when somebody asks for them, and once: of 5,000 lines 40 are looked at. */
class LogLine {
  #fields = null;

  constructor(nano, labels, line, apart, key) {
    this.id = `${nano}-${hash(key + line)}`;
    this.time = Number(BigInt(nano) / 1000n) / 1e6;
    this.nano = nano;
    this.labels = labels;
    this.metadata = apart?.structuredMetadata ?? {};
    this.parsed = apart?.parsed ?? {};
    this.line = line;
  }

  get fields() {
    this.#fields ??= fieldsOf(this.line);
    return this.#fields;
  }

  get level() {
    return levelIn(this.labels, this.metadata, this.parsed, this.fields);
  }

  get traceId() {
    return idIn(this.fields.trace_id ?? this.metadata.trace_id ?? this.parsed.trace_id ?? this.labels.trace_id, 32);
  }

  get spanId() {
    return idIn(this.fields.span_id ?? this.metadata.span_id ?? this.parsed.span_id ?? this.labels.span_id, 16);
  }
}

function fieldsOf(line) {
  if (line[0] !== "{" || line.length > LONGEST_PARSED) {
    return {};
  }
  try {
    const content = JSON.parse(line);
    return content !== null && typeof content === "object" && !Array.isArray(content) ? content : {};
  } catch {
    return {};
  }
}

/**
 * An id of at most so many hexadecimal digits, in small letters; null for anything else. Ids come from text that
 * anybody can write: only what is one is followed.
 */
export function idIn(value, length) {
  const text = String(value ?? "").toLowerCase();
  return new RegExp(`^[0-9a-f]{1,${length}}$`).test(text) && !/^0*$/.test(text) ? text : null;
}

/** Tells lines of the same nanosecond apart. FNV-1a, 32 bits. */
function hash(text) {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return (state >>> 0).toString(36);
}
