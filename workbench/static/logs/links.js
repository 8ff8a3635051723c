/** Where a log line leads: its trace, its span, the metrics of its service at that time, the lines like it. */
import { exploreAddress, logsAddress, traceAddress } from "../addresses.js";
import { quote } from "../editor/quoting.js";
import { reading } from "./fields.js";
import { lineId } from "./order.js";
import { selectorFor } from "./query_text.js";

/** Seconds around a line that are looked at. */
const MINUTES_5 = 300;

/**
 * @param {import("../data/log_line.js").Line} line
 * @returns {{title: string, href: string}[]}
 */
export function linksOf(line) {
  const { service, traceId, spanId } = reading(line);
  const near = { from: line.time - MINUTES_5, to: line.time + MINUTES_5 };
  const links = [];
  if (traceId) {
    links.push({ title: "Trace", href: traceAddress(traceId) });
    if (spanId) links.push({ title: "Its span", href: traceAddress(traceId, { span: spanId }) });
    const query = `{service=~".+"} |= ${quote(traceId)}`;
    links.push({ title: "All lines of the trace", href: logsAddress({ query, ...near }) });
  }
  if (service) {
    const of = (rule) => ({ source: "prometheus", query: `${rule}{service=${quote(service)}}`, view: "graph" });
    const panes = [of("service:requests:rate1m"), of("service:request_duration_seconds:p95_1m")];
    links.push({ title: `Metrics of ${service} at this time`, href: exploreAddress(panes, near) });
  }
  const query = selectorFor(line.labels);
  if (Object.keys(line.labels).length) {
    links.push({ title: "Open in Explore", href: exploreAddress([{ source: "loki", query, view: "lines" }], near) });
  }
  return links;
}

/** The address under which this page shows a line among its neighbours. */
export function addressOfLine(line, query) {
  const range = { from: line.time - MINUTES_5, to: line.time + MINUTES_5 };
  return `${logsAddress({ query: query ?? selectorFor(line.labels), ...range })}&line=${
    encodeURIComponent(lineId(line))
  }`;
}
