/** Panels that reduce each series to one number: stat, gauge, bargauge. */

import { barGauge } from "../../chart/bar_gauge.js";
import { gauge } from "../../chart/gauge.js";
import { stat } from "../../chart/stat.js";
import { displayOf, fixedColour } from "../field_config.js";
import { shade } from "./timeseries.js";

const CHARTS = { stat, gauge, bargauge: barGauge, barchart: barGauge };

export function draw(root, panel, tools) {
  const chart = CHARTS[panel.type](root, {
    ...figureOptions(panel, tools.colourOf),
    label: tools.words(panel.title),
    onSeries: tools.onSeries,
  });
  return {
    update: ({ frames }) => chart.update({ series: figureSeries(frames, panel, tools.colourOf) }),
    destroy: () => chart.destroy(),
  };
}

/**
 * The chart's options from a panel's JSON. Pure.
 *
 * @param {Object} panel
 * @param {function(string): string} colourOf
 */
export function figureOptions({ type, options = {}, fieldConfig = {} }, colourOf) {
  return {
    ...displayOf(fieldConfig.defaults ?? {}, colourOf),
    calc: options.reduceOptions?.calcs?.[0] ?? "lastNotNull",
    orientation: options.orientation ?? "auto",
    ...(type === "stat"
      ? {
        colourMode: options.colorMode ?? "value",
        graph: options.graphMode ?? "area",
        text: options.textMode ?? "auto",
        justify: options.justifyMode ?? "auto",
      }
      : {}),
    ...(type === "gauge"
      ? {
        thresholdMarkers: options.showThresholdMarkers ?? true,
        thresholdLabels: options.showThresholdLabels ?? false,
      }
      : {}),
    ...(type === "bargauge"
      ? {
        display: options.displayMode ?? "gradient",
        unfilled: options.showUnfilled ?? true,
        valueMode: options.valueMode ?? "color",
        orientation: options.orientation ?? "auto",
      }
      : {}),
  };
}

/**
 * One entry a field of numbers; with `reduceOptions.values` one a row. Pure.
 *
 * @param {import("../frames.js").Frame[]} frames
 * @param {Object} panel
 * @param {function(string): string} colourOf
 */
export function figureSeries(frames, { options = {} }, colourOf) {
  const { values: perRow = false, limit = 25, fields: wanted = "" } = options.reduceOptions ?? {};
  const found = [];
  for (const { fields, length } of frames) {
    const time = fields.find(({ type }) => type === "time");
    const names = fields.filter(({ type }) => type === "string");
    for (const field of fields.filter((one) => one.type === "number" && chosen(one, wanted))) {
      const shown = (extra, index) => ({
        name: field.title,
        labels: field.labels ?? {},
        links: field.config.links,
        ...displayOf(field.config, colourOf),
        colour: fixedColour(field.config, index, colourOf, shade) ?? undefined,
        ...extra,
      });
      if (perRow) {
        for (let row = 0; row < Math.min(length, limit); row += 1) {
          const name = names.map(({ values }) => values[row]).join(" ") || field.title;
          found.push(shown({ name, value: field.values[row] }, found.length));
        }
      } else {
        found.push(shown({ times: time?.values ?? [], values: field.values }, found.length));
      }
    }
  }
  return found;
}

/** Grafana's `fields`: "" for numbers, a name, or a regular expression. */
function chosen({ name, title }, wanted) {
  const written = /^\/(.*)\/$/.exec(wanted);
  return wanted === "" || wanted === name || wanted === title || (written ? new RegExp(written[1]).test(title) : false);
}
