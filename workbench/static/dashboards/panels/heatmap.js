/** Panels of type heatmap: how many of what size, over time, from a histogram's buckets. */

import { thinned } from "../../chart/exemplars.js";
import { heatmap } from "../../chart/heatmap.js";

export function draw(root, panel, tools) {
  const chart = heatmap(root, {
    ...heatmapOptions(panel),
    label: tools.words(panel.title),
    syncKey: tools.syncKey,
    onZoom: tools.zoom,
    onExemplar: tools.onExemplar,
    onCell: (cell, event, anchor) =>
      tools.onSeries({ name: "", labels: {}, links: panel.fieldConfig?.defaults?.links }, event, {
        time: cell.from,
        anchor,
      }),
  });
  return {
    update: ({ answers, range, annotations }) =>
      chart.update({
        series: answers.flatMap(({ series }) => series ?? []),
        exemplars: thinned(answers.flatMap(({ exemplars }) => exemplars ?? []), range),
        annotations,
        range,
      }),
    destroy: () => chart.destroy(),
  };
}

/** Nothing was counted: buckets are there, and all of them are empty. */
export function isEmpty({ answers }) {
  return !answers.some(({ series }) => series?.some(({ values }) => values.some((value) => value > 0)));
}

/** The chart's options from a panel's JSON. Pure. */
export function heatmapOptions({ options = {}, targets = [] }) {
  const ofTempo = targets.some(({ datasource }) => datasource?.uid === "tempo");
  return {
    unit: options.yAxis?.unit ?? "short",
    cellUnit: options.cellValues?.unit ?? "short",
    exponent: options.color?.exponent ?? 0.5,
    hideBelow: options.filterValues?.le ?? 0,
    legend: options.legend?.show ?? true,
    bucketLabel: ofTempo ? "__bucket" : "le",
    cumulative: !ofTempo,
  };
}
