/** What TraceQL offers where the caret is. */
import { plain } from "../options.js";
import { escapeFor, quote } from "../quoting.js";
import { contextAt } from "./context.js";
import * as words from "./words.js";

const CONNECTIVES = { "&&": "Both hold for the same span.", "||": "One of them holds." };
const DURATIONS = ["duration", "traceDuration", "span:duration", "trace:duration", "event:timeSinceStart"];

/** Names of OpenTelemetry's semantic conventions that most questions are about. */
const FAVOURITES = [
  "service.name",
  "http.route",
  "http.response.status_code",
  "http.request.method",
  "url.path",
  "error.type",
];

/** Those with a colon say the same as others without. */
const COMMON = Object.fromEntries(Object.entries(words.INTRINSICS).filter(([name]) => !/^(span|trace):/.test(name)));

/**
 * @param {string} text
 * @param {number} caret
 * @returns {import("./context.js").Context & import("../options.js").Suggestions}
 */
export function suggest(text, caret) {
  const context = contextAt(text, caret);
  const rest = text.slice(context.to);
  return { now: [], later: null, ...context, ...offers(context, rest) };
}

function offers(context, rest) {
  const compared = /^\s*(=|!|<|>)/.test(rest);
  switch (context.kind) {
    case "start":
      return { now: [{ label: "{", insert: "{  }", caret: 2, kind: "spans", doc: "Which spans.", again: true }] };
    case "attribute":
      return {
        now: names(context.prefix, compared ? "" : " "),
        first: true,
        later: (api) => attributes(api, context.prefix, compared ? "" : " = "),
      };
    case "argument":
      return { now: names(context.prefix, ""), first: true, later: (api) => attributes(api, context.prefix, "") };
    case "operator":
      return { now: plain(words.COMPARISONS, "operator").map((option) => ({ ...option, again: true })) };
    case "connective":
      return { now: plain(CONNECTIVES, "operator").map((option) => ({ ...option, again: true })) };
    case "value":
      return { now: known(context), later: (api) => values(api, context, rest) };
    case "after set":
      return {
        now: [
          ...stages("| "),
          ...plain(words.STRUCTURE, "operator").map((option) => ({ ...option, again: true })),
          ...hints(),
        ],
      };
    case "stage":
      return { now: stages("") };
    case "after metric":
      return {
        now: [
          { label: "by", insert: "by ()", caret: 4, kind: "keyword", doc: "A series for each value.", again: true },
          ...Object.entries(words.SECOND_STAGES).map(([label, [detail, doc]]) => {
            return { label, insert: `| ${label}(5)`, kind: "function", detail, doc };
          }),
        ],
      };
    default:
      return {};
  }
}

function hints() {
  return Object.entries(words.HINTS).map(([name, doc]) => {
    return { label: `with (${name}=true)`, insert: `with (${name}=true)`, kind: "hint", doc };
  });
}

/** Intrinsics and scopes. */
function names(prefix, behind) {
  const list = prefix.includes(":") ? words.INTRINSICS : COMMON;
  const intrinsics = Object.entries(list).map(([label, doc]) => {
    const comparison = behind && DURATIONS.includes(label) ? "> " : behind && "= ";
    return { label, insert: label + behind + comparison, kind: "intrinsic", doc, again: Boolean(behind) };
  });
  const scopes = Object.entries(words.SCOPES).map(([label, doc]) => {
    return { label, insert: label, kind: "scope", doc, again: true };
  });
  return [...intrinsics, ...scopes];
}

/** With a dot alone an attribute of any scope is meant. */
async function attributes(api, prefix, behind) {
  const found = await api.attributes();
  const unscoped = prefix.startsWith(".");
  const parent = prefix.startsWith("parent.") ? "parent." : "";
  const scoped = found.map(({ scope, name }) => ({
    label: `${parent}${unscoped ? "" : scope}.${attributeText(name)}`,
    scope,
  }));
  const unique = [...new Map(scoped.map((one) => [one.label, one])).values()];
  unique.sort((one, other) => rank(one.label) - rank(other.label));
  return unique.map(({ label, scope }) => {
    return { label, insert: label + behind, kind: "attribute", detail: unscoped ? scope : "", again: Boolean(behind) };
  });
}

/** What is asked most stands first. */
function rank(label) {
  const at = FAVOURITES.findIndex((name) => label.endsWith(`.${name}`));
  return at < 0 ? FAVOURITES.length : at;
}

/** An attribute's name, in quotes where it could be read as something else. */
function attributeText(name) {
  return /^[^\s{}()=~!<>&|^,"`]+$/.test(name) ? name : quote(name);
}

function known({ attribute, mark }) {
  if (mark) return [];
  if (DURATIONS.includes(attribute)) {
    return words.DURATIONS.map((label) => ({ label, insert: `${label} `, kind: "duration" }));
  }
  if (/^(span:)?status$/.test(attribute)) return plain(words.STATUSES, "status");
  if (/^(span:)?kind$/.test(attribute)) return plain(words.KINDS, "kind");
  return attribute.includes(".") ? [{ label: "nil", insert: "nil ", kind: "keyword", doc: words.CONSTANTS.nil }] : [];
}

async function values(api, context, rest) {
  const { attribute, conditions, mark } = context;
  if (DURATIONS.includes(attribute) || /^(span:)?(status|kind)$/.test(attribute)) return [];
  const found = await api.attributeValues(attribute, conditions);
  return found.map(({ type, value }) => {
    if (type !== "string") {
      return { label: String(value), insert: mark ? String(value) : `${value} `, kind: "value", detail: type };
    }
    if (!mark) return { label: value, insert: `${quote(value)} `, kind: "value" };
    return { label: value, insert: escapeFor(mark, value) + mark, over: rest.startsWith(mark) ? 1 : 0, kind: "value" };
  });
}

function stages(before) {
  const all = Object.entries({ ...words.METRICS, ...words.STAGES, ...words.AGGREGATES });
  return all.map(([label, [detail, doc]]) => {
    const empty = ["rate", "count_over_time", "count", "coalesce"].includes(label);
    const insert = `${before}${label}()`;
    return {
      label,
      insert: empty ? `${insert} ` : insert,
      caret: insert.length - (empty ? -1 : 1),
      kind: "stage",
      detail,
      doc,
      again: !empty,
    };
  });
}
