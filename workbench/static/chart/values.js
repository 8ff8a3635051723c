/** What a value is shown as: its mapping, else its number in its unit; and its colour by mapping or threshold. Pure. */

import { formatParts } from "../format/units.js";

/**
 * @typedef {Object} Display how values are shown
 * @property {string} [unit] @property {number} [decimals]
 * @property {{value: number|null, colour: string}[]} [thresholds] ascending; null: from -∞
 * @property {"absolute"|"percentage"} [thresholdMode] @property {number} [min] @property {number} [max]
 * @property {Object[]} [mappings] Grafana's, as they are in the JSON
 * @property {string} [noValue] instead of "–"
 */

/**
 * @param {number|string|null} value @param {Display} display
 * @returns {{text: string, number: string, suffix: string, colour: string|null, mapped: boolean}}
 *   `text` is `number` + `suffix`
 */
export function displayed(value, display = {}) {
  const mapping = mapped(value, display.mappings);
  const colour = mapping?.colour ?? thresholdColour(value, display);
  if (mapping?.text !== undefined && mapping.text !== null) {
    return { text: mapping.text, number: mapping.text, suffix: "", colour, mapped: true };
  }
  if (isMissing(value) && display.noValue) {
    return { text: display.noValue, number: display.noValue, suffix: "", colour, mapped: true };
  }
  const { text, suffix } = formatParts(value, display.unit, display.decimals);
  return { text: text + suffix, number: text, suffix, colour, mapped: false };
}

const isMissing = (value) => value === null || value === undefined || Number.isNaN(value);

/**
 * The colour of the highest step a value has reached.
 *
 * @returns {string|null} null if there are no steps or no value
 */
export function thresholdColour(value, { thresholds, thresholdMode, min, max } = {}) {
  if (!thresholds?.length || typeof value !== "number" || Number.isNaN(value)) return null;
  let reached = null;
  for (const step of thresholds) {
    if (value >= stepValue(step, { thresholdMode, min, max })) reached = step.colour;
  }
  return reached ?? thresholds[0].colour;
}

/** Where a step lies in the unit of the value; the base step lies at -Infinity. */
export function stepValue(step, { thresholdMode, min = 0, max = 100 } = {}) {
  if (step.value === null || step.value === undefined) return -Infinity;
  return thresholdMode === "percentage" ? min + ((max - min) * step.value) / 100 : step.value;
}

/**
 * @param {number|string|null} value @param {Object[]} [mappings]
 * @returns {{text?: string, colour?: string}|null}
 */
export function mapped(value, mappings) {
  for (const { type, options } of mappings ?? []) {
    const result = RULES[type]?.(value, options ?? {});
    if (result) return { text: result.text, colour: result.color };
  }
  return null;
}

const RULES = {
  value: (
    value,
    options,
  ) => (!isMissing(value) && Object.hasOwn(options, String(value)) ? options[String(value)] : null),
  range: (value, { from, to, result }) =>
    typeof value === "number" && value >= (from ?? -Infinity) && value <= (to ?? Infinity) ? result : null,
  special: (value, { match, result }) => (SPECIAL[match]?.(value) ? result : null),
  regex: (value, { pattern, result }) => {
    const expression = expressionOf(pattern);
    if (typeof value !== "string" || !expression?.test(value)) return null;
    return { ...result, text: result.text === undefined ? undefined : value.replace(expression, result.text) };
  },
};

const SPECIAL = {
  true: (value) => value === true || value === "true",
  false: (value) => value === false || value === "false",
  null: (value) => value === null || value === undefined,
  nan: (value) => Number.isNaN(value),
  "null+nan": isMissing,
  empty: (value) => value === "",
};

function expressionOf(pattern) {
  const written = /^\/(.*)\/([gimsuy]*)$/s.exec(pattern ?? "");
  try {
    return written ? new RegExp(written[1], written[2].replace(/[gy]/g, "")) : new RegExp(`^${pattern}$`);
  } catch {
    return null;
  }
}
