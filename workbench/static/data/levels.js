/** Levels of log lines: one word for each of the many that programs write, in order of gravity. */

/** From the gravest to the least; what states none of them is "unknown". */
export const LEVELS = ["critical", "error", "warning", "info", "debug", "trace", "unknown"];

const WORDS = {
  critical: "critical",
  crit: "critical",
  fatal: "critical",
  emerg: "critical",
  emergency: "critical",
  alert: "critical",
  panic: "critical",
  error: "error",
  err: "error",
  eror: "error",
  warning: "warning",
  warn: "warning",
  wrn: "warning",
  info: "info",
  inf: "info",
  information: "info",
  informational: "info",
  notice: "info",
  debug: "debug",
  dbg: "debug",
  trace: "trace",
  trc: "trace",
  verbose: "trace",
};

/** Where a level may be stated, the first one counts. */
const NAMES = ["level", "severity", "severity_text", "lvl", "loglevel", "log_level"];

/** The words by which a level may be stated: "warning" → ["warning", "warn", "wrn"]. */
export function spellings(level) {
  return Object.keys(WORDS).filter((word) => WORDS[word] === level);
}

/**
 * The usual word for what a program wrote as its level.
 * @param {string|undefined} text
 * @returns {string} one of LEVELS
 */
export function levelNamed(text) {
  return Object.hasOwn(WORDS, String(text).toLowerCase()) ? WORDS[String(text).toLowerCase()] : "unknown";
}

/**
 * The level of a line: of its labels, its structured metadata or its fields, or what Loki detected.
 * @param {...Object<string, string>} sources maps from name to value, the most trusted first
 * @returns {string} one of LEVELS
 */
export function levelIn(...sources) {
  for (const source of sources) {
    for (const name of NAMES) {
      const level = source && Object.hasOwn(source, name) ? levelNamed(source[name]) : "unknown";
      if (level !== "unknown") return level;
    }
  }
  for (const source of sources) {
    const level = source && Object.hasOwn(source, "detected_level") ? levelNamed(source.detected_level) : "unknown";
    if (level !== "unknown") return level;
  }
  return "unknown";
}

/** Orders levels, the gravest first. */
export function byGravity(one, other) {
  return LEVELS.indexOf(one) - LEVELS.indexOf(other);
}
