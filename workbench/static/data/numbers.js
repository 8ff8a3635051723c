/** Numbers and samples as the three APIs write them. */

/** A sample's value: "NaN", "+Inf" and "-Inf" are numbers too. */
export function parseValue(text) {
  if (text === "+Inf" || text === "Inf") {
    return Infinity;
  }
  return text === "-Inf" ? -Infinity : Number(text);
}

/**
 * A series from Prometheus' pairs.
 *
 * @param {Object<string, string>} labels
 * @param {Array<[number, string]>} pairs (unix seconds, value)
 * @returns {{labels: Object<string, string>, times: Float64Array, values: Float64Array}}
 */
export function seriesOf(labels, pairs) {
  const times = new Float64Array(pairs.length);
  const values = new Float64Array(pairs.length);
  for (let index = 0; index < pairs.length; index += 1) {
    times[index] = pairs[index][0];
    values[index] = parseValue(pairs[index][1]);
  }
  return { labels, times, values };
}

/** The same for two series with the same labels, whatever their order: what a series is known by. */
export function keyOf(labels) {
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)));
}

/** Seconds as a decimal string without an exponent, which the APIs would not read. */
export function secondsText(seconds) {
  return String(Math.round(seconds * 1000) / 1000);
}

/** Unix nanoseconds as text, to the microsecond; a text is taken as it is, for a float cannot hold them all. */
export function nanosText(seconds) {
  if (typeof seconds === "string") {
    return seconds;
  }
  const whole = Math.floor(seconds);
  const rest = Math.round((seconds - whole) * 1e6);
  return String(BigInt(whole) * 1000000000n + BigInt(rest) * 1000n);
}
