/**
 * How fields are shown: the panel's defaults, changed by the overrides that match a field, in their order.
 *
 * @typedef {{unit?: string, decimals?: number, min?: number, max?: number, noValue?: string, displayName?: string,
 *   color?: {mode: string, fixedColor?: string}, thresholds?: {mode: string, steps: Array}, mappings?: Array,
 *   links?: Array, custom: Object<string, *>}} Config
 */

import { expressionOf } from "./transformations.js";

/**
 * The frames with `config` and `title` on each field.
 *
 * @param {import("./frames.js").Frame[]} frames
 * @param {{defaults?: Object, overrides?: Array}} fieldConfig of the panel's JSON
 * @returns {import("./frames.js").Frame[]}
 */
export function configured(frames, { defaults = {}, overrides = [] } = {}) {
  const rules = overrides.map(({ matcher, properties }) => ({ matches: matcherOf(matcher), properties }));
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const config = configOf(field, frame, defaults, rules);
      return { ...field, config, title: config.displayName || field.title || field.name };
    }),
  }));
}

/** @returns {Config} */
function configOf(field, frame, defaults, rules) {
  const config = { ...defaults, custom: { ...defaults.custom } };
  if (field.unit && !config.unit) {
    config.unit = field.unit;
  }
  for (const { matches, properties } of rules) {
    if (matches(field, frame)) {
      for (const { id, value } of properties) {
        set(config, id, value);
      }
    }
  }
  return config;
}

/** `custom.cellOptions`, `color`, and Grafana's short `custom` paths: one level is all there is. */
function set(config, id, value) {
  if (id.startsWith("custom.")) {
    config.custom[id.slice("custom.".length)] = value;
  } else {
    config[id] = value;
  }
}

function matcherOf({ id, options }) {
  const shown = (field) => field.title ?? field.name;
  switch (id) {
    case "byName":
      return (field) => shown(field) === options || field.name === options;
    case "byNames": {
      const names = new Set(options?.names ?? []);
      return (field) => names.has(shown(field)) === (options?.mode !== "exclude");
    }
    case "byRegexp": {
      const expression = expressionOf(String(options));
      return (field) => expression.test(shown(field));
    }
    case "byType":
      return (field) => field.type === options;
    case "byFrameRefID":
      return (_, frame) => frame.refId === options;
    default:
      return () => false;
  }
}

/**
 * What charts and cells show values by, with the colours of this page in place of the JSON's.
 *
 * @param {Config} config
 * @param {function(string): string} colourOf a colour of the JSON → CSS
 * @returns {import("../chart/values.js").Display}
 */
export function displayOf(config, colourOf) {
  const steps = config.thresholds?.steps ?? [];
  return {
    unit: config.unit,
    decimals: config.decimals ?? undefined,
    min: config.min ?? undefined,
    max: config.max ?? undefined,
    noValue: config.noValue,
    thresholds: steps.map(({ value, color }) => ({ value, colour: colourOf(color) })),
    thresholdMode: config.thresholds?.mode ?? "absolute",
    mappings: recoloured(config.mappings ?? [], colourOf),
  };
}

/** Mappings as in the JSON, with the page's colours. */
function recoloured(mappings, colourOf) {
  const one = (result) => (result?.color ? { ...result, color: colourOf(result.color) } : result);
  return mappings.map(({ type, options }) => {
    if (type === "value") {
      return {
        type,
        options: Object.fromEntries(Object.entries(options).map(([value, result]) => [value, one(result)])),
      };
    }
    return { type, options: { ...options, result: one(options?.result) } };
  });
}

/**
 * A series' own colour, or null where its values or its place decide.
 *
 * @param {Config} config
 * @param {number} index the series' place in the panel
 * @param {function(string): string} colourOf
 * @param {function(string, number): string} shadeOf (CSS colour, place) → a lighter or darker one
 */
export function fixedColour({ color }, index, colourOf, shadeOf) {
  if (!color?.fixedColor) {
    return null;
  }
  if (color.mode === "fixed") {
    return colourOf(color.fixedColor);
  }
  return color.mode === "shades" ? shadeOf(colourOf(color.fixedColor), index) : null;
}
