/** The words of LogQL, each with its form and a line of what it does. */

/** Over a window of log lines. @type {Record<string, [string, string]>} */
export const RANGE_FUNCTIONS = {
  rate: ['rate({service="x"}[5m])', "Lines per second."],
  count_over_time: ['count_over_time({service="x"}[5m])', "How many lines in the window."],
  bytes_rate: ['bytes_rate({service="x"}[5m])', "Bytes of lines per second."],
  bytes_over_time: ['bytes_over_time({service="x"}[5m])', "Bytes of lines in the window."],
  absent_over_time: ['absent_over_time({service="x"}[5m])', "1 when no line came in the window."],
  sum_over_time: ['sum_over_time({service="x"} | json | unwrap field [5m])', "Sum of a field's values."],
  avg_over_time: ['avg_over_time({service="x"} | json | unwrap field [5m])', "Mean of a field's values."],
  min_over_time: ['min_over_time({service="x"} | json | unwrap field [5m])', "Smallest of a field's values."],
  max_over_time: ['max_over_time({service="x"} | json | unwrap field [5m])', "Largest of a field's values."],
  first_over_time: ['first_over_time({service="x"} | json | unwrap field [5m])', "Oldest of a field's values."],
  last_over_time: ['last_over_time({service="x"} | json | unwrap field [5m])', "Newest of a field's values."],
  quantile_over_time: [
    'quantile_over_time(0.95, {service="x"} | json | unwrap field [5m])',
    "The value below which this share of a field's values lies.",
  ],
  rate_counter: [
    'rate_counter({service="x"} | json | unwrap field [5m])',
    "Growth per second of a counter in a field.",
  ],
  stddev_over_time: ['stddev_over_time({service="x"} | json | unwrap field [5m])', "Standard deviation of a field."],
  stdvar_over_time: ['stdvar_over_time({service="x"} | json | unwrap field [5m])', "Variance of a field."],
};

/** Over series. @type {Record<string, [string, string]>} */
export const AGGREGATIONS = {
  sum: ["sum by (label) (v)", "Sum over series."],
  avg: ["avg by (label) (v)", "Mean over series."],
  count: ["count by (label) (v)", "How many series."],
  max: ["max by (label) (v)", "Largest over series."],
  min: ["min by (label) (v)", "Smallest over series."],
  stddev: ["stddev by (label) (v)", "Standard deviation over series."],
  stdvar: ["stdvar by (label) (v)", "Variance over series."],
  topk: ["topk(3, v)", "The series with the largest values."],
  bottomk: ["bottomk(3, v)", "The series with the smallest values."],
  approx_topk: ["approx_topk(3, v)", "The largest, found cheaply and nearly right."],
  sort: ["sort(v)", "Smallest value first."],
  sort_desc: ["sort_desc(v)", "Largest value first."],
};

/** On series too. @type {Record<string, [string, string]>} */
export const OTHER_FUNCTIONS = {
  label_replace: ['label_replace(v, "target", "$1", "source", "(.*)")', "A label made of another by a pattern."],
  vector: ["vector(1)", "A number as a vector without labels."],
};

/** Stages that make labels from the line. @type {Record<string, [string, string]>} */
export const PARSERS = {
  json: ["| json", "The fields of a JSON line become labels."],
  logfmt: ["| logfmt", "key=value pairs become labels."],
  pattern: ['| pattern "<ip> - <path>"', "Parts of the line become labels, by their place."],
  regexp: ['| regexp "(?P<name>…)"', "Named groups of a regular expression become labels."],
  unpack: ["| unpack", "Undoes Promtail's pack stage."],
};

/** Stages that change lines or labels. @type {Record<string, [string, string]>} */
export const STAGES = {
  line_format: ['| line_format "{{.message}}"', "Another text for each line, from its labels."],
  label_format: ["| label_format new=old", "Rename a label, or make one."],
  unwrap: ["| unwrap field", "A field's number becomes the value to compute with."],
  drop: ["| drop label", "Leave labels out."],
  keep: ["| keep label", "Leave all other labels out."],
  decolorize: ["| decolorize", "Take terminal colours out of the line."],
};

/** What a line must or must not contain. @type {Record<string, string>} */
export const LINE_FILTERS = {
  "|=": "Lines that contain this text.",
  "!=": "Lines that do not contain it.",
  "|~": "Lines that match this regular expression.",
  "!~": "Lines that do not match it.",
  "|>": "Lines of this pattern; <_> stands for anything.",
  "!>": "Lines of any other pattern.",
};

export { GROUPINGS } from "../promql/words.js";

/** Words between two vectors, or after one. */
export const KEYWORDS = {
  and: "Series of the left that the right has too.",
  or: "Either of the two.",
  unless: "Series of the left that the right does not have.",
  bool: "0 or 1, in place of leaving series out.",
  offset: "As it was so long ago.",
};

/** What `unwrap` and label filters can read a value as. */
export const CONVERSIONS = {
  ip: ['ip("10.0.0.0/8")', "An address in a range."],
  duration: ["duration(field)", "Such as 1.5s, in seconds."],
  duration_seconds: ["duration_seconds(field)", "Such as 1.5s, in seconds."],
  bytes: ["bytes(field)", "Such as 5KB, in bytes."],
};

export const WINDOWS = ["1m", "5m", "15m", "1h", "30s"];
