/**
 * OTLP's JSON as Tempo and its kin answer it: what is in it, and the same again as a file that any OTLP receiver takes.
 *
 * Two dialects exist. OTLP/JSON has ids in hex and enumerations as numbers; protobuf's own JSON, which Tempo answers,
 * has ids in base64 and enumerations as names. Here both are read, and OTLP/JSON is written.
 * How spans belong together is model.js' business.
 */

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];
const STATUSES = ["unset", "ok", "error"];

/** Each byte in hex: a long trace has tens of thousands of ids. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Attribute values nest. Deeper than this nobody reads, and a made-up answer may not exhaust the stack. */
const DEEPEST_VALUE = 32;

/**
 * The id in lower-case hex, whichever way it was written. What is no id at all stays as it is.
 * @param {string} value hex or base64 of 8 or 16 bytes, or empty
 */
export function hexId(value) {
  const text = String(value ?? "");
  if (/^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i.test(text)) return text.toLowerCase();
  if (!/^(?:[A-Za-z0-9+/_-]{11}=?|[A-Za-z0-9+/_-]{22}(?:==)?)$/.test(text)) return text;
  const bytes = atob(/[-_]/.test(text) ? text.replaceAll("-", "+").replaceAll("_", "/") : text);
  let hex = "";
  for (let i = 0; i < bytes.length; i += 1) hex += HEX[bytes.charCodeAt(i)];
  return hex;
}

/** Whether an id says "none": empty, or nothing but zeros. */
export const isNoId = (id) => /^0*$/.test(id);

/**
 * The plain value of an OTLP `AnyValue`. Whole numbers beyond what a Number holds exactly become BigInt;
 * bytes stay base64; a key-value list becomes a Map.
 */
export function attributeValue(value, depth = 0) {
  if (value === null || typeof value !== "object" || depth > DEEPEST_VALUE) return null;
  if ("stringValue" in value) return String(value.stringValue);
  if ("boolValue" in value) return Boolean(value.boolValue);
  if ("intValue" in value) return wholeNumber(value.intValue);
  if ("doubleValue" in value) return Number(value.doubleValue);
  if ("bytesValue" in value) return String(value.bytesValue);
  if ("arrayValue" in value) return list(value.arrayValue?.values).map((item) => attributeValue(item, depth + 1));
  if ("kvlistValue" in value) return attributes(value.kvlistValue?.values, depth + 1);
  return null;
}

/** OTLP's key-value list as a Map, in its order: keys come from outside, and an object has names of its own. */
export function attributes(pairs, depth = 0) {
  return new Map(list(pairs).map((pair) => [String(pair?.key ?? ""), attributeValue(pair?.value, depth)]));
}

/**
 * Every span of an answer, flat and in the answer's order; times are BigInt nanoseconds.
 * Reads v2 (`trace.resourceSpans`), v1 (`batches`), and a bare OTLP document.
 * @returns {Array<{traceId, spanId, parentSpanId, traceState, name, kind, status, statusMessage, startNano, endNano,
 *   attributes: Map, resource: Map, scope: {name, version, attributes: Map},
 *   events: Array<{name, nano, attributes: Map}>, links: Array<{traceId, spanId, attributes: Map}>}>}
 */
export function flatSpans(answer) {
  const spans = [];
  for (const batch of batchesOf(answer)) {
    const resource = attributes(batch?.resource?.attributes);
    for (const group of scopesOf(batch)) {
      const scope = scopeOf(group?.scope ?? group?.instrumentationLibrary);
      for (const item of list(group?.spans)) spans.push(flatSpan(item ?? {}, resource, scope));
    }
  }
  return spans;
}

/**
 * The answer as OTLP/JSON (`{"resourceSpans": […]}`): ids in hex, enumerations as numbers, 64-bit numbers as strings.
 * It can be POSTed to any `/v1/traces`.
 */
export function toOtlpJson(answer) {
  return {
    resourceSpans: batchesOf(answer).map((batch) => {
      const { instrumentationLibrarySpans, scopeSpans, ...rest } = batch;
      return {
        ...rest,
        scopeSpans: scopesOf({ instrumentationLibrarySpans, scopeSpans }).map((group) => {
          const { instrumentationLibrary, scope, ...others } = group;
          return { ...others, scope: scope ?? instrumentationLibrary ?? {}, spans: list(group.spans).map(otlpSpan) };
        }),
      };
    }),
  };
}

/** Both answers as one: all of the newer, and those spans of the older that the newer lacks. */
export function mergeAnswers(older, newer) {
  const identity = (span) => `${hexId(span?.spanId)} ${span?.startTimeUnixNano ?? 0}`;
  const known = new Set();
  for (const batch of batchesOf(newer)) {
    for (const group of scopesOf(batch)) for (const span of list(group?.spans)) known.add(identity(span));
  }
  const left = batchesOf(older).map((batch) => ({
    resource: batch.resource,
    scopeSpans: scopesOf(batch)
      .map((group) => ({ ...group, spans: list(group.spans).filter((span) => !known.has(identity(span))) }))
      .filter((group) => group.spans.length > 0),
  }));
  return { trace: { resourceSpans: [...batchesOf(newer), ...left.filter((batch) => batch.scopeSpans.length > 0)] } };
}

/** A span id or trace id that a person pasted: bare, with dashes, in a `traceparent`, or in an address; or null. */
export function traceIdIn(text) {
  const clean = text.trim().toLowerCase();
  const parent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(clean);
  const bare = clean.replace(/^0x/, "").replaceAll("-", "");
  const inText = /(?:^|[^0-9a-f])([0-9a-f]{32})(?:[^0-9a-f]|$)/.exec(clean);
  const id = parent?.[1] ?? (/^[0-9a-f]{1,32}$/.test(bare) ? bare : inText?.[1]);
  if (!id || isNoId(id)) return null;
  return id.padStart(32, "0");
}

function flatSpan(item, resource, scope) {
  const status = item.status ?? {};
  const parent = hexId(item.parentSpanId);
  return {
    traceId: hexId(item.traceId),
    spanId: hexId(item.spanId),
    parentSpanId: isNoId(parent) ? "" : parent,
    traceState: String(item.traceState ?? ""),
    name: String(item.name ?? ""),
    kind: enumerated(item.kind, "SPAN_KIND_", KINDS),
    status: enumerated(status.code, "STATUS_CODE_", STATUSES),
    statusMessage: String(status.message ?? ""),
    startNano: nanoseconds(item.startTimeUnixNano),
    endNano: nanoseconds(item.endTimeUnixNano),
    attributes: attributes(item.attributes),
    resource,
    scope,
    events: list(item.events).map((event) => ({
      name: String(event?.name ?? ""),
      nano: nanoseconds(event?.timeUnixNano),
      attributes: attributes(event?.attributes),
    })),
    links: list(item.links).map((link) => ({
      traceId: hexId(link?.traceId),
      spanId: hexId(link?.spanId),
      attributes: attributes(link?.attributes),
    })),
  };
}

function otlpSpan(item) {
  const span = { ...item, traceId: hexId(item.traceId), spanId: hexId(item.spanId) };
  const parent = hexId(item.parentSpanId);
  if (isNoId(parent)) delete span.parentSpanId;
  else span.parentSpanId = parent;
  span.kind = Math.max(0, KINDS.indexOf(enumerated(item.kind, "SPAN_KIND_", KINDS)));
  span.startTimeUnixNano = String(nanoseconds(item.startTimeUnixNano));
  span.endTimeUnixNano = String(nanoseconds(item.endTimeUnixNano));
  const code = STATUSES.indexOf(enumerated(item.status?.code, "STATUS_CODE_", STATUSES));
  span.status = { ...item.status, code: Math.max(0, code) };
  if (item.events) {
    span.events = list(item.events).map((event) => ({
      ...event,
      timeUnixNano: String(nanoseconds(event.timeUnixNano)),
    }));
  }
  if (item.links) {
    span.links = list(item.links).map((link) => ({
      ...link,
      traceId: hexId(link.traceId),
      spanId: hexId(link.spanId),
    }));
  }
  return span;
}

const list = (value) => (Array.isArray(value) ? value : []);

function batchesOf(answer) {
  const document = answer?.trace ?? answer;
  return list(document?.batches ?? document?.resourceSpans).filter((batch) => batch && typeof batch === "object");
}

const scopesOf = (batch) =>
  list(batch?.scopeSpans ?? batch?.instrumentationLibrarySpans).filter((group) => group && typeof group === "object");

const scopeOf = (scope) => ({
  name: String(scope?.name ?? ""),
  version: String(scope?.version ?? ""),
  attributes: attributes(scope?.attributes),
});

function enumerated(value, prefix, names) {
  if (value === undefined || value === null) return names[0];
  if (typeof value === "number") return names[value] ?? String(value);
  return String(value).replace(prefix, "").toLowerCase();
}

/** Nanoseconds since 1970 need 61 bits: a Number would round them to quarters of a microsecond. */
function nanoseconds(value) {
  try {
    return BigInt(value ?? 0);
  } catch {
    return 0n;
  }
}

function wholeNumber(value) {
  const exact = nanoseconds(value);
  const number = Number(exact);
  return Number.isSafeInteger(number) ? number : exact;
}
