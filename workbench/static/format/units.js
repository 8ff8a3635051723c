/**
 * Values as text, in Grafana's units: one table says how each unit scales and is written.
 *
 * A unit's form is either a ladder (steps of prefixes, each with its factor) or a fixed suffix.
 * Times of day and ages are not values: see format/time.js.
 */

/** What is written where there is no number. */
export const MISSING = "–";

/** @typedef {{factor: number, suffix: string, one?: string}[]} Ladder rungs, smallest factor first */

const rungs = (suffixes, base) => suffixes.map((suffix, power) => ({ factor: base ** power, suffix }));

const SHORT = rungs(["", " K", " Mil", " Bil", " Tri", " Quadr", " Quint"], 1000);
const COUNT = ["", "K", "M", "B", "T"];
const SI = ["", "k", "M", "G", "T", "P", "E"];
const IEC = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

const counts = (symbol) => rungs(COUNT.map((prefix) => `${prefix} ${symbol}`), 1000);
const decimal = (symbol) => rungs(SI.map((prefix) => ` ${prefix}${symbol}`), 1000);
const binary = (symbol) => rungs(IEC.map((prefix) => ` ${prefix}${symbol}`), 1024);
/** Physical quantities go below one as well. */
const physical = (symbol) =>
  ["n", "µ", "m", ...SI].map((prefix, power) => ({ factor: 1000 ** (power - 3), suffix: ` ${prefix}${symbol}` }));

const SECOND = [
  { factor: 1e-9, suffix: " ns" },
  { factor: 1e-6, suffix: " µs" },
  { factor: 1e-3, suffix: " ms" },
  { factor: 1, suffix: " s" },
  { factor: 60, suffix: " min" },
  { factor: 3600, suffix: " h" },
  { factor: 86400, suffix: " days", one: " day" },
  { factor: 604800, suffix: " weeks", one: " week" },
  { factor: 31536000, suffix: " years", one: " year" },
];

const ladder = (steps, scale = 1) => ({ steps, scale });
const suffixed = (suffix, scale = 1) => ladder([{ factor: 1, suffix }], scale);

/**
 * How each unit is written; `scale` turns the raw value into the ladder's base unit. Where `bareZero`, none at all is
 * "0" however many decimals there are: "0.00 %" is a few.
 */
const UNITS = {
  none: suffixed(""),
  string: suffixed(""),
  short: ladder(SHORT),
  sishort: ladder(rungs(SI.map((prefix) => (prefix ? ` ${prefix}` : "")), 1000)),
  percent: { ...suffixed(" %"), bareZero: true },
  percentunit: { ...suffixed(" %", 100), bareZero: true },
  humidity: suffixed(" %H"),
  dB: suffixed(" dB"),
  ppm: suffixed(" ppm"),
  degree: suffixed("°"),
  celsius: suffixed(" °C"),
  fahrenheit: suffixed(" °F"),
  kelvin: suffixed(" K"),
  currencyUSD: { ...ladder(rungs(COUNT, 1000)), prefix: "$" },
  currencyEUR: { ...ladder(rungs(COUNT, 1000)), prefix: "€" },
  currencyGBP: { ...ladder(rungs(COUNT, 1000)), prefix: "£" },
  currencyCHF: ladder(rungs(COUNT.map((prefix) => `${prefix} CHF`), 1000)),

  ns: ladder(SECOND, 1e-9),
  "µs": ladder(SECOND, 1e-6),
  ms: ladder(SECOND, 1e-3),
  s: ladder(SECOND),
  m: ladder(SECOND, 60),
  h: ladder(SECOND, 3600),
  d: ladder(SECOND, 86400),

  hertz: ladder(decimal("Hz")),
  rotrpm: suffixed(" rpm"),
  watt: ladder(physical("W")),
  joule: ladder(physical("J")),
  volt: ladder(physical("V")),
  amp: ladder(physical("A")),
  cores: suffixed(" cores"),

  bytes: ladder(binary("B")),
  kbytes: ladder(binary("B"), 1024),
  mbytes: ladder(binary("B"), 1024 ** 2),
  gbytes: ladder(binary("B"), 1024 ** 3),
  tbytes: ladder(binary("B"), 1024 ** 4),
  decbytes: ladder(decimal("B")),
  deckbytes: ladder(decimal("B"), 1e3),
  decmbytes: ladder(decimal("B"), 1e6),
  decgbytes: ladder(decimal("B"), 1e9),
  dectbytes: ladder(decimal("B"), 1e12),
  bits: ladder(binary("b")),
  decbits: ladder(decimal("b")),

  Bps: ladder(decimal("B/s")),
  binBps: ladder(binary("B/s")),
  bps: ladder(decimal("b/s")),
  binbps: ladder(binary("b/s")),
  KBs: ladder(decimal("B/s"), 1e3),
  KiBs: ladder(binary("B/s"), 1024),
  MBs: ladder(decimal("B/s"), 1e6),
  MiBs: ladder(binary("B/s"), 1024 ** 2),
  GBs: ladder(decimal("B/s"), 1e9),
  GiBs: ladder(binary("B/s"), 1024 ** 3),
  Kbits: ladder(decimal("b/s"), 1e3),
  Mbits: ladder(decimal("b/s"), 1e6),
  Gbits: ladder(decimal("b/s"), 1e9),
  pps: ladder(decimal("p/s")),

  cps: ladder(counts("c/s")),
  ops: ladder(counts("ops/s")),
  reqps: ladder(counts("req/s")),
  rps: ladder(counts("rd/s")),
  wps: ladder(counts("wr/s")),
  iops: ladder(counts("io/s")),
  eps: ladder(counts("evt/s")),
  mps: ladder(counts("msg/s")),
  recps: ladder(counts("rec/s")),
  rowsps: ladder(counts("rows/s")),
  cpm: ladder(counts("c/m")),
  opm: ladder(counts("ops/m")),
  reqpm: ladder(counts("req/m")),
  rpm: ladder(counts("rd/m")),
  wpm: ladder(counts("wr/m")),
  epm: ladder(counts("evt/m")),
  mpm: ladder(counts("msg/m")),
};

const ALIASES = {
  "": "none",
  number: "none",
  time_series: "short",
  us: "µs",
  "μs": "µs",
  min: "m",
  "req/s": "reqps",
  clocks: "dtdurations",
  clockms: "dtdurationms",
};

/** Units that are words or forms of their own rather than a number with a suffix. */
const WORDS = {
  bool: (value) => (value ? "True" : "False"),
  bool_yes_no: (value) => (value ? "Yes" : "No"),
  bool_on_off: (value) => (value ? "On" : "Off"),
  hex: (value) => (value < 0 ? "-" : "") + Math.abs(Math.round(value)).toString(16).toUpperCase(),
  hex0x: (value) => (value < 0 ? "-0x" : "0x") + Math.abs(Math.round(value)).toString(16).toUpperCase(),
  sci: (value, decimals) => value.toExponential(decimals),
  locale: (value, decimals) => grouped(fixed(value, decimals)),
  dateTimeAsIso: (value) => dateOf(value, (date) => `${day(date)} ${clock(date)}`),
  dateTimeAsLocal: (value) => dateOf(value, (date) => `${day(date)} ${clock(date)}`),
  dateTimeAsSystem: (value) => dateOf(value, (date) => `${day(date)} ${clock(date)}`),
  dateTimeFromNow: (value) => fromNow((value - Date.now()) / 1000),
  dtdurations: (value) => partsOfDuration(value),
  dtdurationms: (value) => partsOfDuration(value / 1000),
  dthms: (value) => hoursMinutesSeconds(value),
  dtdhms: (value) => hoursMinutesSeconds(value),
};

const two = (number) => String(number).padStart(2, "0");
const day = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const clock = (date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
const grouped = (text) => text.replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));

function dateOf(milliseconds, write) {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? MISSING : write(date);
}

function fromNow(seconds) {
  const text = formatValue(Math.abs(seconds), "s", 0);
  return seconds > 0 ? `in ${text}` : `${text} ago`;
}

function partsOfDuration(seconds) {
  const parts = [];
  let rest = Math.abs(seconds);
  for (const [size, suffix] of [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) parts.push(`${count} ${suffix}`);
  }
  return parts.length ? (seconds < 0 ? "-" : "") + parts.slice(0, 2).join(" ") : "0 s";
}

function hoursMinutesSeconds(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const clockText = `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return seconds < 0 ? `-${clockText}` : clockText;
}

/** `value` with `decimals` after the point; without them three significant digits and no trailing zeros. */
function fixed(value, decimals) {
  const size = Math.abs(value);
  if (size >= 1e21) return value.toExponential(2).replace("e+", "e").replace(/\.?0+(?=e)/, "");
  if (decimals !== undefined && decimals !== null) return withoutNegativeZero(value.toFixed(decimals));
  if (size !== 0 && size < 1e-9) return value.toExponential(1).replace(/\.0(?=e)/, "");
  const places = size === 0 ? 0 : Math.max(0, Math.min(12, 2 - Math.floor(Math.log10(size))));
  const text = value.toFixed(places);
  return withoutNegativeZero(places ? text.replace(/\.?0+$/, "") : text);
}

const withoutNegativeZero = (text) => (/^-0(\.0*)?$/.test(text) ? text.slice(1) : text);

/** The rung `size` is written on: the largest whose factor it reaches; zero has the ladder's base unit. */
function rungOf(steps, size, decimals) {
  const base = steps.find((step) => step.factor === 1) ?? steps[0];
  if (size === 0 || !Number.isFinite(size)) return base;
  let chosen = 0;
  while (chosen + 1 < steps.length && steps[chosen + 1].factor <= size * (1 + 1e-12)) chosen += 1;
  // 999.96 K is written as 1 Mil, not as 1000 K.
  const next = steps[chosen + 1];
  if (next && next.factor / steps[chosen].factor >= 1000) {
    const shown = Number(fixed(size / steps[chosen].factor, decimals));
    if (shown * steps[chosen].factor >= next.factor) chosen += 1;
  }
  return steps[chosen];
}

/** The form of a unit id; an unknown one is a plain suffix, so that nothing is hidden. */
function formOf(unit) {
  const id = unit === undefined || unit === null ? "short" : ALIASES[unit] ?? unit;
  if (Object.hasOwn(UNITS, id)) return UNITS[id];
  const custom = /^(suffix|prefix|si|count|time|currency):(.*)$/s.exec(id);
  if (!custom) return suffixed(id ? ` ${id}` : "");
  const [, kind, text] = custom;
  if (kind === "prefix") return { ...suffixed(""), prefix: text };
  if (kind === "currency") return { ...ladder(rungs(COUNT, 1000)), prefix: text };
  if (kind === "si") return ladder(physical(text));
  if (kind === "count") return ladder(counts(text));
  return suffixed(text.startsWith("°") ? text : ` ${text}`);
}

/**
 * A value in two parts, so that a large figure can have a small unit.
 *
 * @param {number|null|undefined} value
 * @param {string} [unit] Grafana's unit id; default "short"
 * @param {number} [decimals] default: three significant digits
 * @returns {{text: string, suffix: string}} joined they are `formatValue`'s answer
 */
export function formatParts(value, unit, decimals) {
  if (value === null || value === undefined || Number.isNaN(value)) return { text: MISSING, suffix: "" };
  if (typeof value !== "number") return { text: String(value), suffix: "" };
  const id = ALIASES[unit] ?? unit;
  if (!Number.isFinite(value)) return { text: value > 0 ? "∞" : "-∞", suffix: "" };
  if (Object.hasOwn(WORDS, id)) return { text: WORDS[id](value, decimals), suffix: "" };
  const form = formOf(unit);
  const base = clean(value * form.scale);
  const rung = rungOf(form.steps, Math.abs(base), decimals);
  const scaled = clean(base / rung.factor);
  const number = form.bareZero && scaled === 0 ? "0" : fixed(scaled, decimals);
  const prefix = form.prefix ?? "";
  const text = number.startsWith("-") ? `-${prefix}${number.slice(1)}` : `${prefix}${number}`;
  return { text, suffix: rung.one && Math.abs(Number(number)) === 1 ? rung.one : rung.suffix };
}

/** Without the dust of binary fractions: 0.07 × 100 is 7, not 7.000000000000001. */
const clean = (value) => (value === 0 || !Number.isFinite(value) ? value : Number(value.toPrecision(14)));

/**
 * @param {number|null|undefined} value
 * @param {string} [unit] Grafana's unit id; default "short"
 * @param {number} [decimals]
 * @returns {string} "1.5 K", "23.4 ms", "12.3 %", "–" where there is none
 */
export function formatValue(value, unit, decimals) {
  const { text, suffix } = formatParts(value, unit, decimals);
  return text + suffix;
}

/**
 * Labels of an axis: one prefix for all ticks and as many decimals as tell neighbours apart.
 *
 * @param {string} unit
 * @param {number[]} ticks ascending
 * @param {number} [decimals] at most this many, if the ticks differ with them
 * @returns {(value: number) => string}
 */
export function axisFormatter(unit, ticks, decimals) {
  const id = ALIASES[unit] ?? unit;
  if (Object.hasOwn(WORDS, id)) return (value) => formatValue(value, unit, decimals);
  const form = formOf(unit);
  const sizes = ticks.map((tick) => Math.abs(tick * form.scale)).filter((size) => size > 0);
  const largest = sizes.length ? Math.max(...sizes) : 1;
  const rung = rungOf(form.steps, largest);
  const spread = ticks.length > 1
    ? Math.min(...ticks.slice(1).map((tick, i) => tick - ticks[i]))
    : largest / form.scale;
  const step = Math.abs(clean((spread * form.scale) / rung.factor));
  const places = placesFor(step);
  const shown = decimals === undefined || decimals === null ? places : Math.max(decimals, places);
  return (value) => {
    if (!Number.isFinite(value)) return formatValue(value, unit);
    // Nothing has no thousands: "0", not "0.0 K".
    if (value === 0 && rung.factor > 1 && form.steps === SHORT) return "0";
    const scaled = clean(clean(value * form.scale) / rung.factor);
    const number = fixed(scaled, Math.min(12, shown));
    const prefix = form.prefix ?? "";
    const text = number.startsWith("-") ? `-${prefix}${number.slice(1)}` : `${prefix}${number}`;
    return text + (rung.one && Number(number) === 1 ? rung.one : rung.suffix);
  };
}

/** Decimals that show `step` exactly, at most 12: 0.25 → 2, 50 → 0. */
function placesFor(step) {
  for (let places = 0; places < 12; places += 1) {
    const scaled = step * 10 ** places;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return places;
  }
  return 12;
}

/**
 * How ticks of this unit are best spaced.
 *
 * @param {string} unit
 * @returns {{kind: "decimal"|"binary"|"time"|"whole", scale: number}} `scale`: raw value → base unit
 */
export function spacingOf(unit) {
  const id = ALIASES[unit] ?? unit;
  if (id?.startsWith?.("bool")) return { kind: "whole", scale: 1 };
  const form = formOf(unit);
  if (form.steps === SECOND) return { kind: "time", scale: form.scale };
  if (form.steps[1]?.factor === 1024) return { kind: "binary", scale: form.scale };
  return { kind: "decimal", scale: form.scale };
}

/** Ids this table knows, for tests and for saying that one is unknown. */
export const knownUnits = () => [...Object.keys(UNITS), ...Object.keys(WORDS)];
