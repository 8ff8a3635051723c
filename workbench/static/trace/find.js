/**
 * Finding spans within a trace: a line of words and conditions, all of which have to hold.
 *
 *   query_execution            the words anywhere: name, service, attributes, ids, events
 *   http.route="/user/<id>"    an attribute of the span, an event or the resource; also service=, name=, kind=, status=
 *   db.system!=sqlite          not that value, or not there
 *   > 5ms   <=2s               the duration
 *   error                      spans that failed
 */

const UNITS = { ns: 1e-3, us: 1, "µs": 1, "μs": 1, ms: 1e3, s: 1e6, m: 60e6, min: 60e6 };

const TOKEN = /(?:[^\s"]|"(?:[^"\\]|\\.)*"?)+/g;
const DURATION = /^(>=|<=|>|<)(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|min|m)?$/i;
const CONDITION = /^([^=!<>"\s]+)(!?=)(.*)$/s;

/**
 * @param {string} text
 * @returns {(function(import("./model.js").Span): boolean)|null} null where the text asks nothing
 */
export function finder(text) {
  // "> 5 ms" is one condition, however it is spaced.
  const joined = text.replace(/([<>]=?)\s+(?=\d)/g, "$1").replace(
    /([<>]=?\d+(?:\.\d+)?)\s+(ns|us|µs|μs|ms|s|min|m)\b/gi,
    "$1$2",
  );
  const tests = (joined.match(TOKEN) ?? []).map(test);
  return tests.length ? (span) => !span.missing && tests.every((holds) => holds(span)) : null;
}

/** The value of an attribute as it is shown and compared. */
export function plainText(value) {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return `[${value.map(plainText).join(", ")}]`;
  if (value instanceof Map) return `{${[...value].map(([name, item]) => `${name}: ${plainText(item)}`).join(", ")}}`;
  return String(value);
}

/**
 * A condition on an attribute, as it is written here.
 *
 * @param {string} name "service", "http.route" …
 * @param {*} value
 */
export function conditionOn(name, value) {
  const text = plainText(value);
  return `${name}=${/[\s"]/.test(text) || text === "" ? `"${text.replace(/["\\]/g, "\\$&")}"` : text}`;
}

function test(token) {
  const longer = DURATION.exec(token);
  if (longer) {
    const limit = Number(longer[2]) * (UNITS[(longer[3] ?? "ms").toLowerCase()] ?? 1e3);
    return (span) => compared(span.duration, longer[1], limit);
  }
  const condition = CONDITION.exec(token);
  if (condition) {
    const [, name, operator, quoted] = condition;
    const wanted = unquoted(quoted).toLowerCase();
    const equal = (span) => valuesOf(span, name).some((value) => plainText(value).toLowerCase() === wanted);
    return operator === "=" ? equal : (span) => !equal(span);
  }
  const word = unquoted(token).toLowerCase();
  if (word === "error" && token !== '"error"') return (span) => span.status === "error" || contains(span, word);
  return (span) => contains(span, word);
}

const compared = (value, operator, limit) =>
  ({ ">": value > limit, ">=": value >= limit, "<": value < limit, "<=": value <= limit })[operator];

function valuesOf(span, name) {
  switch (name) {
    case "service":
      return [span.service];
    case "name":
      return [span.name];
    case "kind":
      return [span.kind];
    case "status":
      return [span.status];
    default: {
      const maps = [
        span.attributes,
        span.resource,
        span.scope.attributes,
        ...span.events.map((event) => event.attributes),
      ];
      return maps.filter((map) => map.has(name)).map((map) => map.get(name));
    }
  }
}

function contains(span, word) {
  const found = (text) => plainText(text).toLowerCase().includes(word);
  const inMap = (map) => [...map].some(([name, value]) => found(name) || found(value));
  return (
    found(span.name) || found(span.service) || found(span.spanId) || found(span.statusMessage) ||
    inMap(span.attributes) ||
    span.events.some((event) => found(event.name) || inMap(event.attributes))
  );
}

const unquoted = (text) =>
  /^".*$/s.test(text)
    ? text.slice(1, text.length > 1 && text.endsWith('"') ? -1 : undefined).replace(/\\(.)/gs, "$1")
    : text;
