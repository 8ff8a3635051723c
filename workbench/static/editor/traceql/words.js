/** The words of TraceQL, each with its form and a line of what it does. */

/** What every span has. @type {Record<string, string>} */
export const INTRINSICS = {
  name: "The operation's name.",
  duration: "How long the span took.",
  kind: "server, client, internal, producer or consumer.",
  status: "ok, error or unset.",
  statusMessage: "The text of an error.",
  rootName: "Name of the trace's first span.",
  rootServiceName: "Service of the trace's first span.",
  traceDuration: "How long the whole trace took.",
  childCount: "How many children the span has.",
  nestedSetParent: "-1 on the first span of a trace.",
  "span:name": "The operation's name.",
  "span:duration": "How long the span took.",
  "span:kind": "server, client, internal, producer or consumer.",
  "span:status": "ok, error or unset.",
  "span:statusMessage": "The text of an error.",
  "span:id": "The span's id, in hex.",
  "span:parentID": "The id of the span above it.",
  "span:childCount": "How many children the span has.",
  "trace:id": "The trace's id, in hex.",
  "trace:duration": "How long the whole trace took.",
  "trace:rootName": "Name of the trace's first span.",
  "trace:rootService": "Service of the trace's first span.",
  "event:name": "Name of something noted during the span, such as exception.",
  "event:timeSinceStart": "How long into the span an event was.",
  "link:traceID": "The trace that a link leads to.",
  "link:spanID": "The span that a link leads to.",
  "instrumentation:name": "The library that made the span.",
  "instrumentation:version": "That library's version.",
};

/** Where attributes live. */
export const SCOPES = {
  "resource.": "Of what sent it: service, host, version.",
  "span.": "Of this piece of work: route, status code, table.",
  "event.": "Of something noted during the span.",
  "link.": "Of a link to another trace.",
  "instrumentation.": "Of the library that made the span.",
  "parent.": "Of the span above.",
};

export const STATUSES = { ok: "Marked as good.", error: "It failed.", unset: "Nobody said: usually it went well." };

export const KINDS = {
  server: "Answers a call from another process.",
  client: "Calls another process.",
  internal: "Work within a process.",
  producer: "Sends a message.",
  consumer: "Takes a message.",
  unspecified: "Nobody said.",
};

export const CONSTANTS = { true: "", false: "", nil: "The attribute is not there." };

/** Metrics from spans. @type {Record<string, [string, string]>} */
export const METRICS = {
  rate: ["| rate()", "Matching spans per second."],
  count_over_time: ["| count_over_time()", "How many matching spans in each step."],
  quantile_over_time: ["| quantile_over_time(duration, .95)", "The value below which this share of spans lies."],
  histogram_over_time: ["| histogram_over_time(duration)", "Spans by size, over time."],
  avg_over_time: ["| avg_over_time(duration)", "Mean in each step."],
  min_over_time: ["| min_over_time(duration)", "Smallest in each step."],
  max_over_time: ["| max_over_time(duration)", "Largest in each step."],
  sum_over_time: ["| sum_over_time(span.bytes)", "Sum in each step."],
  compare: ["| compare({ status = error })", "What these spans have in common, against all others."],
};

/** Over a trace's matching spans. @type {Record<string, [string, string]>} */
export const AGGREGATES = {
  count: ["| count() > 2", "Traces by how many of their spans match."],
  avg: ["| avg(duration) > 1s", "Traces by the mean over their matching spans."],
  min: ["| min(duration) > 1s", "Traces by the smallest."],
  max: ["| max(duration) > 1s", "Traces by the largest."],
  sum: ["| sum(duration) > 1s", "Traces by the sum."],
};

/** Other stages after `|`. @type {Record<string, [string, string]>} */
export const STAGES = {
  by: ["| by(resource.service.name)", "A set of spans for each value."],
  select: ["| select(span.http.route)", "Show these attributes too."],
  coalesce: ["| coalesce()", "One set of spans again, after by()."],
};

/** After a metric. @type {Record<string, [string, string]>} */
export const SECOND_STAGES = {
  topk: ["| topk(5)", "The series with the largest values."],
  bottomk: ["| bottomk(5)", "The series with the smallest values."],
};

/** In `with (…)`, at a query's end. */
export const HINTS = { most_recent: "The newest traces, not any.", sample: "Look at a part of the spans only." };

/** Between two sets of spans. */
export const STRUCTURE = {
  ">>": "The right is somewhere below the left.",
  ">": "The right is a child of the left.",
  "<<": "The right is somewhere above the left.",
  "<": "The right is the parent of the left.",
  "~": "The right is a sibling of the left.",
  "&&": "The trace has both.",
  "||": "The trace has one of them.",
  "!>>": "The right is nowhere below a left.",
  "!>": "The right is no child of a left.",
  "&>>": "As >>, and shows both sides.",
  "&>": "As >, and shows both sides.",
};

/** Between an attribute and its value. */
export const COMPARISONS = {
  "=": "is",
  "!=": "is not",
  "=~": "matches the regular expression",
  "!~": "does not match it",
  ">": "more than",
  ">=": "at least",
  "<": "less than",
  "<=": "at most",
};

export const DURATIONS = ["1ms", "10ms", "50ms", "100ms", "500ms", "1s"];
