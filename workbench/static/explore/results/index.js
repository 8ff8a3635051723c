/** Which answer is shown by what. */
import { linesResult } from "./lines.js";
import { mapResult } from "./map.js";
import { seriesResult } from "./series.js";
import { spansResult } from "./spans.js";
import { traceResult } from "./trace.js";
import { tracesResult } from "./traces.js";
import { valuesResult } from "./values.js";

/** Each: (root, tools) → {update(answer, pane), destroy()}. */
export const RESULTS = {
  series: seriesResult,
  values: valuesResult,
  lines: linesResult,
  traces: tracesResult,
  spans: spansResult,
  trace: traceResult,
  map: mapResult,
};

/** @param {import("../asking.js").Answer} answer */
export function isEmpty({ kind, data }) {
  if (kind === "map") return data.nodes.length === 0;
  return Array.isArray(data) && data.length === 0;
}
