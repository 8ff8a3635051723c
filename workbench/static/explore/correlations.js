/** Where a point of a graph or a log line leads: the questions that come next, about the same service and time. */
import { quote } from "../editor/quoting.js";

/** Seconds on each side of a moment that is looked at. */
const AROUND = 5 * 60;

/** @typedef {{title: string, source: string, query: string, view: string, from: number, to: number}} Question */

/** The service that labels name, by the words of the three APIs. */
export function serviceIn(labels) {
  return labels.service ?? labels["resource.service.name"] ?? labels.service_name ?? labels.server ?? null;
}

/**
 * @param {{labels: Object<string, string>, time: number}} point - of a series; unix seconds
 * @returns {Question[]}
 */
export function questionsAbout({ labels, time }, now = Date.now() / 1000) {
  const service = serviceIn(labels);
  const range = { from: time - AROUND, to: Math.min(time + AROUND, Math.max(now, time)) };
  const route = labels.endpoint ?? labels.route ?? labels["http.route"] ?? labels["span.http.route"];
  const of = service ? [`resource.service.name = ${quote(service)}`] : [];
  if (route) of.push(`span.http.route = ${quote(route)}`);
  const questions = [
    {
      title: service ? `Logs of ${service} around this time` : "Logs around this time",
      source: "loki",
      view: "lines",
      query: `{service${service ? "=" : "=~"}${quote(service ?? ".+")}} | json`,
    },
    {
      title: service ? `Traces of ${service}${route ? ` ${route}` : ""} around this time` : "Traces around this time",
      source: "tempo",
      view: "traces",
      query: of.length ? `{ ${of.join(" && ")} && kind = server }` : "{ nestedSetParent < 0 }",
    },
    {
      title: service ? `Errors of ${service} around this time` : "Errors around this time",
      source: "loki",
      view: "lines",
      query: `{service${service ? "=" : "=~"}${quote(service ?? ".+")}, level=~"warning|error"} | json`,
    },
  ];
  return questions.map((question) => ({ ...question, ...range }));
}

/** @param {{labels: Object<string, string>, time: number, traceId: string|null}} line @returns {Question[]} */
export function questionsAboutLine({ labels, time, traceId }) {
  const service = serviceIn(labels);
  const range = { from: time - AROUND, to: time + AROUND };
  const questions = [];
  if (traceId) {
    questions.push(
      { title: "This trace", source: "tempo", view: "trace", query: traceId },
      {
        title: "Logs of this trace",
        source: "loki",
        view: "lines",
        query: `{service=~".+"} |= ${quote(traceId)} | json`,
      },
    );
  }
  if (service) {
    questions.push({
      title: `Requests of ${service} around this time`,
      source: "prometheus",
      view: "graph",
      query: `service:requests:rate1m{service=${quote(service)}}`,
    });
  }
  return questions.map((question) => ({ ...question, ...range }));
}
