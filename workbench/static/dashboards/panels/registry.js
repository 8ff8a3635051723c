/**
 * Which types of panels are drawn, and by what. Modules are loaded when a dashboard has such a panel.
 *
 * Each module exports `draw(root, panel, tools) → {update(data), destroy()}` and may export `isEmpty(data)`; data is
 * {frames (with config and title), answers, range, annotations}, tools are those of panel_view.js.
 */

const TYPES = {
  timeseries: () => import("./timeseries.js"),
  graph: () => import("./timeseries.js"),
  stat: () => import("./figures.js"),
  gauge: () => import("./figures.js"),
  bargauge: () => import("./figures.js"),
  barchart: () => import("./figures.js"),
  table: () => import("./table.js"),
  logs: () => import("./logs.js"),
  heatmap: () => import("./heatmap.js"),
  "state-timeline": () => import("./state_timeline.js"),
  "status-history": () => import("./state_timeline.js"),
  nodeGraph: () => import("./node_graph.js"),
  traces: () => import("./traces.js"),
  text: () => import("./text.js"),
};

/** Types that are drawn, for tests. */
export const knownTypes = () => Object.keys(TYPES);

/**
 * @param {string} type of the JSON
 * @returns {Promise<{draw: function, isEmpty?: function}>|null} null for a type that is not drawn
 */
export function drawingOf(type) {
  return Object.hasOwn(TYPES, type) ? TYPES[type]() : null;
}
