/** Panels of type timeseries: lines, areas, bars over time. */

import { mixed } from "../../chart/contrast.js";
import { thinned } from "../../chart/exemplars.js";
import { thresholdColour } from "../../chart/values.js";
import { timeSeries } from "../../chart/time_series.js";
import { displayOf, fixedColour } from "../field_config.js";

export function draw(root, panel, tools) {
  const chart = timeSeries(root, {
    ...chartOptions(panel, tools.colourOf),
    label: tools.words(panel.title),
    syncKey: tools.syncKey,
    onZoom: tools.zoom,
    onExemplar: tools.onExemplar,
    onSeries: hasLinks(panel) ? tools.onSeries : undefined,
  });
  return {
    update: ({ frames, answers, range, annotations }) =>
      chart.update({
        series: chartSeries(frames, tools.colourOf),
        exemplars: thinned(answers.flatMap(({ exemplars }) => exemplars ?? []), range),
        annotations,
        range,
      }),
    destroy: () => chart.destroy(),
  };
}

const hasLinks = ({ fieldConfig: { defaults = {}, overrides = [] } = {} }) =>
  Boolean(defaults.links?.length) || overrides.some(({ properties }) => properties.some(({ id }) => id === "links"));

/**
 * The chart's options from a panel's JSON. Pure.
 *
 * @param {Object} panel
 * @param {function(string): string} colourOf
 * @returns {import("../../chart/time_series.js").Options}
 */
export function chartOptions({ options = {}, fieldConfig = {} }, colourOf) {
  const defaults = fieldConfig.defaults ?? {};
  const custom = defaults.custom ?? {};
  const { legend = {}, tooltip = {} } = options;
  return present({
    ...displayOf(defaults, colourOf),
    ...styleOf(custom),
    softMin: custom.axisSoftMin,
    softMax: custom.axisSoftMax,
    logScale: custom.scaleDistribution?.type === "log" ? (custom.scaleDistribution.log ?? 10) : undefined,
    axisLabel: custom.axisLabel || undefined,
    barAlign: custom.barAlignment,
    barWidth: custom.barWidthFactor,
    stack: custom.stacking?.mode ?? "none",
    nullGap: gapOf(custom.spanNulls),
    thresholdStyle: custom.thresholdsStyle?.mode ?? "off",
    legend: legend.showLegend === false || legend.displayMode === "hidden" ? "hidden" : (legend.displayMode ?? "list"),
    legendPlacement: legend.placement,
    calcs: legend.calcs,
    legendSort: legend.sortBy ? { by: legend.sortBy, descending: Boolean(legend.sortDesc) } : undefined,
    tooltip: tooltip.mode,
    tooltipSort: tooltip.sort,
  });
}

/** What a series may have of its own. */
function styleOf(custom) {
  const dashed = custom.lineStyle?.fill === "dash" || custom.lineStyle?.fill === "dot";
  return present({
    draw: custom.drawStyle,
    interpolation: custom.lineInterpolation,
    lineWidth: custom.lineWidth,
    dash: dashed ? (custom.lineStyle.dash ?? (custom.lineStyle.fill === "dot" ? [0, 10] : [10, 10])) : undefined,
    fill: custom.fillOpacity,
    gradient: custom.gradientMode === undefined ? undefined : custom.gradientMode === "none" ? "none" : "opacity",
    points: custom.showPoints,
    pointSize: custom.pointSize,
  });
}

/** Grafana's spanNulls: true joins all, a number of milliseconds what lies closer. */
function gapOf(spanNulls) {
  return spanNulls === true ? Infinity : typeof spanNulls === "number" ? spanNulls / 1000 : undefined;
}

/**
 * The chart's series: every field of numbers, with the times of its frame. Pure.
 *
 * @param {import("../frames.js").Frame[]} frames
 * @param {function(string): string} colourOf
 */
export function chartSeries(frames, colourOf) {
  const found = [];
  for (const { fields } of frames) {
    const time = fields.find(({ type }) => type === "time");
    for (const field of fields) {
      if (time && field.type === "number" && !field.config.custom.hideFrom?.viz) {
        found.push(seriesOf(time, field, found.length, colourOf));
      }
    }
  }
  return found;
}

function seriesOf(time, field, index, colourOf) {
  const { config, title, labels = {}, values } = field;
  const { custom } = config;
  const hidden = custom.hideFrom ?? {};
  return present({
    name: title,
    labels,
    times: time.values,
    values,
    links: config.links,
    colour: fixedColour(config, index, colourOf, shade) ?? colourByValue(config, values, colourOf),
    unit: config.unit,
    decimals: config.decimals,
    axis: { left: "left", right: "right", hidden: "hidden" }[custom.axisPlacement],
    style: present({
      ...styleOf(custom),
      stack: custom.stacking?.mode === "none" ? false : undefined,
      negativeY: custom.transform === "negative-Y" || undefined,
      inLegend: hidden.legend ? false : undefined,
      inTooltip: hidden.tooltip ? false : undefined,
    }),
  });
}

/** Colour mode "thresholds" paints a line in the colour of its last value. */
function colourByValue(config, values, colourOf) {
  if (config.color?.mode !== "thresholds") {
    return undefined;
  }
  return thresholdColour(Number(values[values.length - 1]), displayOf(config, colourOf)) ?? undefined;
}

/** Neighbours in one colour: each a little lighter, then a little darker, than the one before. */
export function shade(colour, index) {
  if (index === 0) {
    return colour;
  }
  const step = Math.ceil(index / 2);
  return mixed(colour, index % 2 === 1 ? "#ffffff" : "#000000", Math.min(step * 0.22, 0.66));
}

function present(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && value !== null));
}
