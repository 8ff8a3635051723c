/** Panels of type state-timeline: which state each thing was in, over time. */

import { stateTimeline } from "../../chart/state_timeline.js";
import { displayOf } from "../field_config.js";
import { chartSeries } from "./timeseries.js";

export function draw(root, panel, tools) {
  const { options = {}, fieldConfig = {} } = panel;
  const chart = stateTimeline(root, {
    ...displayOf(fieldConfig.defaults ?? {}, tools.colourOf),
    fill: fieldConfig.defaults?.custom?.fillOpacity ?? 70,
    rowHeight: options.rowHeight ?? 0.9,
    showValue: options.showValue ?? "auto",
    merge: panel.type === "state-timeline" && options.mergeValues !== false,
    legend: options.legend?.showLegend === false ? "hidden" : "list",
    label: tools.words(panel.title),
    syncKey: tools.syncKey,
    onZoom: tools.zoom,
    onSeries: tools.onSeries,
  });
  return {
    update: ({ frames, range, annotations }) =>
      chart.update({ series: chartSeries(frames, tools.colourOf), range, annotations }),
    destroy: () => chart.destroy(),
  };
}
