/**
 * What a line says: its message and its fields, whether it is JSON, logfmt or plain text.
 *
 * Names are those that LogQL's parsers give (`a.b` and {"a": {"b": …}} are both `a_b`), so that a field can be put
 * into a query as it stands.
 */
import { levelIn } from "../data/levels.js";
import { idIn, LONGEST_PARSED } from "../data/log_line.js";
import { parseLogfmt } from "./logfmt.js";

const MOST_FIELDS = 500;
const DEEPEST = 16;
const MESSAGES = ["message", "msg", "body", "event", "log"];
const TRACE_IDS = ["trace_id", "traceid", "traceID", "traceId", "trace_id_extracted"];
const SPAN_IDS = ["span_id", "spanid", "spanID", "spanId", "span_id_extracted"];

const read = new WeakMap();

/**
 * Reads a line once; the answer is kept with the line.
 * @param {{line: string, labels: Object, metadata?: Object, parsed?: Object}} line
 * @returns {{format: "json"|"logfmt"|"text"|"long", fields: Object<string, string>, types: Object<string, string>,
 *   message: string, level: string, service: string, traceId: string|null, spanId: string|null}}
 *   `types` says "number" or "boolean" where JSON does
 */
export function reading(line) {
  let found = read.get(line);
  if (!found) read.set(line, found = readLine(line));
  return found;
}

function readLine(line) {
  const { format, fields, types } = parse(line.line);
  const labels = line.labels ?? {};
  const metadata = line.metadata ?? {};
  const parsed = line.parsed ?? {};
  const sources = [fields, metadata, parsed, labels];
  const messageName = MESSAGES.find((name) => typeof fields[name] === "string" && fields[name] !== "");
  return {
    format,
    fields,
    types,
    message: messageName === undefined ? line.line : fields[messageName],
    messageName: messageName ?? null,
    level: levelIn(labels, metadata, parsed, fields),
    service: first([labels], ["service", "service_name", "app", "job"]) ??
      first([metadata, parsed, fields], ["service", "service_name"]) ?? "",
    traceId: idIn(first(sources, TRACE_IDS), 32) ?? line.traceId ?? null,
    spanId: idIn(first(sources, SPAN_IDS), 16) ?? line.spanId ?? null,
  };
}

function parse(text) {
  if (text.length > LONGEST_PARSED) return { format: "long", fields: {}, types: {} };
  const trimmed = text.trimStart();
  if (trimmed.startsWith("{")) {
    try {
      return { format: "json", ...flatten(JSON.parse(text)) };
    } catch {
      // Begins like JSON and is not: shown as it is.
    }
  }
  const fields = parseLogfmt(text);
  if (!fields) return { format: "text", fields: {}, types: {} };
  const named = Object.create(null);
  for (const [name, value] of Object.entries(fields).slice(0, MOST_FIELDS)) named[fieldName(name)] ??= value;
  return { format: "logfmt", fields: named, types: {} };
}

function flatten(content) {
  const fields = Object.create(null);
  const types = Object.create(null);
  let count = 0;
  const visit = (value, name, depth) => {
    if (count >= MOST_FIELDS) return;
    if (value !== null && typeof value === "object" && !Array.isArray(value) && depth < DEEPEST) {
      for (const [inner, content] of Object.entries(value)) {
        visit(content, name ? `${name}_${fieldName(inner)}` : fieldName(inner), depth + 1);
      }
      return;
    }
    if (value === null || name === "" || name in fields) return;
    count += 1;
    fields[name] = typeof value === "string" ? value : JSON.stringify(value);
    if (typeof value === "number" || typeof value === "boolean") types[name] = typeof value;
  };
  visit(content, "", 0);
  return { fields, types };
}

/** The name that LogQL gives a field: letters, digits and `_`, not beginning with a digit. */
export function fieldName(name) {
  const clean = name.replace(/[^A-Za-z0-9_]/g, "_");
  return /^[0-9]/.test(clean) ? `_${clean}` : clean;
}

function first(sources, names) {
  for (const source of sources) {
    for (const name of names) if (typeof source[name] === "string" && source[name] !== "") return source[name];
  }
  return undefined;
}

/** Fields that have a place of their own in a line, and so are not repeated after its message. */
const SHOWN_ELSEWHERE = new Set([
  "timestamp",
  "time",
  "ts",
  "level",
  "severity",
  "lvl",
  "service",
  "service_name",
  ...TRACE_IDS,
  ...SPAN_IDS,
]);

/**
 * The fields of a line that are worth a place beside its message.
 * @returns {[string, string][]} names and values, short ones only
 */
export function notableFields(line) {
  const { fields, messageName } = reading(line);
  return Object.entries(fields).filter(([name, value]) =>
    name !== messageName && !SHOWN_ELSEWHERE.has(name) && value.length <= 80 && !value.includes("\n")
  );
}

/**
 * The value of a field, wherever the line has it.
 * @returns {string|undefined}
 */
export function valueOf(line, name) {
  const found = reading(line);
  if (name in found.fields) return found.fields[name];
  for (const source of [line.parsed, line.metadata, line.labels]) {
    if (source && Object.hasOwn(source, name)) return source[name];
  }
  return undefined;
}

/**
 * Everything that a line has, by where it has it from.
 * @returns {{kind: "label"|"metadata"|"field", name: string, value: string}[]}
 */
export function everything(line) {
  const { fields } = reading(line);
  const rows = [];
  const known = new Set();
  const add = (kind, source) => {
    for (const [name, value] of Object.entries(source ?? {})) {
      if (kind === "field" && known.has(name)) continue;
      known.add(name);
      rows.push({ kind, name, value: String(value) });
    }
  };
  add("label", line.labels);
  add("metadata", line.metadata);
  for (const [name, value] of Object.entries(fields)) {
    // The same as a label says nothing new.
    if (line.labels?.[name] === value) known.add(name);
  }
  add("field", Object.fromEntries(Object.entries(fields).filter(([name]) => line.labels?.[name] !== fields[name])));
  add("field", Object.fromEntries(Object.entries(line.parsed ?? {}).filter(([name]) => !name.endsWith("_extracted"))));
  return rows;
}
