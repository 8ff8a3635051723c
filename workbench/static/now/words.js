/** Lists, small numbers and alerts as sentences have them. */

/** "frontend", "frontend and backend", "frontend, backend and database". */
export function listed(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Small numbers as words: "three". */
export function counted(count) {
  return (
    ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"][count] ??
    String(count)
  );
}

/** "1 alert fires", "2 alerts fire". */
export function alertsFire(count) {
  return count === 1 ? "1 alert fires" : `${count} alerts fire`;
}

export function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
