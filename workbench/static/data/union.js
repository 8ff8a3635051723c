/** Many instant questions as one query, and its answer taken apart again. */

/** The label by which the parts of a union are told apart. */
const NUMBER = "asked";

/**
 * One query for many numbers, so that a refresh is one request.
 *
 * @param {{id: string, expr: string}[]} numbers
 */
export function union(numbers) {
  return numbers.map(({ id, expr }) => `label_replace(${expr}, "${NUMBER}", "${id}", "", "")`).join("\nor\n");
}

/**
 * The answer to a union, by number.
 *
 * @param {{labels: Object<string, string>}[]} series  of an instant or a range query
 * @returns {Map<string, object[]>} for each number its series, without the label that told them apart
 */
export function byNumber(series) {
  const found = new Map();
  for (const one of series) {
    const { [NUMBER]: id, ...labels } = one.labels;
    if (!found.has(id)) found.set(id, []);
    found.get(id).push({ ...one, labels });
  }
  return found;
}
