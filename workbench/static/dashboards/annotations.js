/** Moments that a dashboard marks on its graphs: log lines, and series that begin. */

import { rangeKeeper } from "../data/incremental.js";
import * as loki from "../data/loki.js";
import * as prometheus from "../data/prometheus.js";

/** More marks than this hide what they mark. */
const MOST_MARKS = 200;

/** A region shorter than this share of the range is a moment. */
const SHORTEST_REGION = 0.02;

/**
 * What asks for one annotation of the JSON.
 *
 * @param {Object} annotation
 * @param {Object} question of the server
 * @param {string} colour
 * @returns {function({from: number, to: number, signal: AbortSignal}): Promise<Array<{time: number, timeEnd?: number,
 *   title: string, text: string, tags: string[], colour: string, name: string}>>}
 */
export function marker(annotation, question, colour) {
  const { source, text, step_seconds: step, limit } = question;
  const own = { colour, name: annotation.name };
  if (source === "loki") {
    return async ({ from, to, signal }) => {
      const { lines } = await loki.queryRange(text, { from, to, limit: limit || MOST_MARKS, signal });
      return marksOfLines(lines ?? [], annotation).map((mark) => ({ ...mark, ...own }));
    };
  }
  const keeper = rangeKeeper(prometheus.queryRange);
  return async ({ from, to, signal }) => {
    const series = await keeper(text, { from, to, step, signal });
    return marksOfSeries(series, step, to - from, annotation).map((mark) => ({ ...mark, ...own }));
  };
}

/** One mark a line. Pure. */
export function marksOfLines(lines, annotation) {
  return lines.map(({ time, line, labels, metadata, parsed, fields }) => {
    const known = { ...labels, ...metadata, ...fields, ...parsed };
    return { time, ...wordsOf(annotation, known, line) };
  });
}

/** One mark for each time that a series was there without a gap. Pure. */
export function marksOfSeries(series, step, rangeSeconds, annotation) {
  const marks = [];
  for (const { labels, times } of series) {
    let start = 0;
    for (let index = 1; index <= times.length; index += 1) {
      if (index === times.length || times[index] - times[index - 1] > step * 1.5) {
        const [time, end] = [times[start], times[index - 1]];
        const region = end - time > rangeSeconds * SHORTEST_REGION ? { timeEnd: end } : {};
        marks.push({ time, ...region, ...wordsOf(annotation, labels, "") });
        start = index;
      }
    }
  }
  return marks.slice(0, MOST_MARKS);
}

function wordsOf({ name, titleFormat, textFormat, tagKeys = "" }, labels, line) {
  const filled = (format) => format.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, (_, label) => labels[label] ?? "").trim();
  return {
    title: titleFormat ? filled(titleFormat) : name,
    text: textFormat ? filled(textFormat) : line,
    tags: tagKeys.split(",").flatMap((key) => labels[key.trim()] ?? []),
  };
}
