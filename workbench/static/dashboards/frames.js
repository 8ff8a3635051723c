/**
 * Answers as frames: the tables of fields that transformations, overrides and panels work on.
 *
 * @typedef {{name: string, type: "time"|"number"|"string", values: ArrayLike<*>, labels?: Object<string, string>,
 *   unit?: string, hidden?: boolean, title?: string}} Field
 *   `title` is what the field is called where its name is not it: the legend of a series
 * @typedef {{refId: string, fields: Field[], length: number}} Frame
 *
 * Names of fields are Grafana's (`Value #A`, `Trace ID`), because transformations and overrides in the JSON use them.
 */

/**
 * The frames of everything that a panel's questions were answered with.
 *
 * @param {Array<{question: Object, series?: Array, samples?: Array, lines?: Array, traces?: Array}>} answers
 * @returns {Frame[]}
 */
export function framesOf(answers) {
  const alone = answers.length === 1;
  return answers.flatMap((answer) => {
    const { question, series, samples, traces } = answer;
    if (traces) {
      return question.form === "spans" ? [spansFrame(question, traces)] : [tracesFrame(question, traces)];
    }
    if (samples && isTable(question)) {
      return [
        samplesFrame(
          question,
          samples,
          question.source === "prometheus" && alone ? "Value" : `Value #${question.ref_id}`,
        ),
      ];
    }
    if (samples) {
      return seriesFrames(
        question,
        samples.map(({ labels, time, value }) => ({ labels, times: [time], values: [value] })),
      );
    }
    return series ? seriesFrames(question, series) : [];
  });
}

/**
 * Whether there is anything to draw: a row, and where there are numbers over time one that is a number.
 *
 * @param {Frame[]} frames
 */
export function hasData(frames) {
  return frames.some(({ fields, length }) => {
    const overTime = fields.length === 2 && fields[0].type === "time" && fields[1].type === "number";
    return length > 0 && (!overTime || fields[1].values.some((value) => value !== null && !Number.isNaN(value)));
  });
}

/** Loki answers an instant question as a table; of Prometheus the panel says so. */
function isTable({ source, kind, form }) {
  return form === "table" || (source === "loki" && kind === "instant");
}

/** One frame a series: its times and its values, called as the legend says. */
function seriesFrames(question, series) {
  const telling = tellingLabels(series);
  return series.map((one) => ({
    refId: question.ref_id,
    length: one.times.length,
    fields: [
      { name: "Time", type: "time", values: one.times },
      {
        name: "Value",
        type: "number",
        values: one.values,
        labels: one.labels,
        title: nameOf(question, one.labels, telling),
      },
    ],
  }));
}

/**
 * What a series is called.
 *
 * @param {{legend: string}} question with variables filled in; `{{label}}` stands for a label's value
 * @param {Object<string, string>} labels
 * @param {string[]} telling labels by which the series differ, for when there is no legend
 */
export function nameOf(question, labels, telling = Object.keys(labels)) {
  if (question.legend && question.legend !== "__auto") {
    return question.legend.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, (_, label) => labels[label] ?? "");
  }
  const named = telling.filter((label) => label !== "__name__" && label in labels);
  if (named.length === 1) {
    return labels[named[0]];
  }
  const selector = named.map((label) => `${label}="${labels[label]}"`).join(", ");
  return `${labels.__name__ ?? ""}${selector ? `{${selector}}` : ""}` || "Value";
}

function tellingLabels(series) {
  if (series.length < 2) {
    return series.length ? Object.keys(series[0].labels) : [];
  }
  const names = new Set(series.flatMap(({ labels }) => Object.keys(labels)));
  return [...names].filter((name) => series.some(({ labels }) => labels[name] !== series[0].labels[name]));
}

/** One row a series: its time, its labels, its value. */
function samplesFrame(question, samples, valueName) {
  const names = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))].sort();
  return {
    refId: question.ref_id,
    length: samples.length,
    fields: [
      { name: "Time", type: "time", values: samples.map(({ time }) => time) },
      ...names.map((name) => ({ name, type: "string", values: samples.map(({ labels }) => labels[name] ?? null) })),
      { name: valueName, type: "number", values: samples.map(({ value }) => value) },
    ],
  };
}

function tracesFrame(question, traces) {
  return {
    refId: question.ref_id,
    length: traces.length,
    fields: [
      { name: "Trace ID", type: "string", values: traces.map(({ traceId }) => traceId) },
      { name: "Start time", type: "time", values: traces.map(({ start }) => start) },
      { name: "Service", type: "string", values: traces.map(({ rootService }) => rootService) },
      { name: "Name", type: "string", values: traces.map(({ rootName }) => rootName) },
      {
        name: "Duration",
        type: "number",
        unit: "ms",
        values: traces.map(({ durationSeconds }) => durationSeconds * 1000),
      },
    ],
  };
}

/** One row a span that was found, with the attributes that the query selected. */
function spansFrame(question, traces) {
  const rows = traces.flatMap((trace) => trace.spanSets.flatMap(({ spans }) => spans.map((span) => ({ trace, span }))));
  const found = rows.flatMap(({ span }) => Object.keys(span.attributes));
  const names = [...new Set(found)].filter((name) => name !== "name").sort();
  return {
    refId: question.ref_id,
    length: rows.length,
    fields: [
      { name: "Trace ID", type: "string", values: rows.map(({ trace }) => trace.traceId) },
      { name: "Span ID", type: "string", hidden: true, values: rows.map(({ span }) => span.spanId) },
      { name: "Start time", type: "time", values: rows.map(({ span }) => span.start) },
      { name: "Name", type: "string", values: rows.map(({ trace, span }) => span.name ?? trace.rootName) },
      ...names.map((name) => ({ name, type: "string", values: rows.map(({ span }) => textOf(span.attributes[name])) })),
      { name: "Duration", type: "number", unit: "ns", values: rows.map(({ span }) => span.durationSeconds * 1e9) },
    ],
  };
}

function textOf(value) {
  if (value === undefined || value === null) {
    return null;
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
