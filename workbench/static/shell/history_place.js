/** Each entry of the browser's history has an id of its own, under which the router keeps where it was scrolled to. */

let last = 0;

/** The state of a new entry. */
export function newPlace() {
  last += 1;
  return { place: `${performance.timeOrigin + performance.now()}-${last}` };
}
