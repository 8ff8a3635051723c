/** Moments and durations as people read them, in the browser's time zone. Moments are unix seconds. */

const clockText = formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const dayText = formatter({ day: "numeric", month: "short" });
const yearDayText = formatter({ day: "numeric", month: "short", year: "numeric" });

/** Made when it is first needed: that takes a browser 10 ms, and hardly a page needs all of them. */
function formatter(options) {
  let made = null;
  return (date) => {
    made ??= new Intl.DateTimeFormat(undefined, options);
    return made.format(date);
  };
}

/** "14:03:27", with `milliseconds` "14:03:27.042". */
export function clock(t, { milliseconds = false } = {}) {
  if (!Number.isFinite(t)) {
    return "–";
  }
  // Intl rounds nothing: what it shows is the second that has begun.
  const whole = clockText(new Date(Math.floor(t * 1000)));
  return milliseconds ? `${whole}.${String(millisecondsOf(t)).padStart(3, "0")}` : whole;
}

/** "21 Nov, 14:03:27"; the year where it is not this one. */
export function dateTime(t, options = {}) {
  if (!Number.isFinite(t)) {
    return "–";
  }
  const date = new Date(t * 1000);
  const day = date.getFullYear() === new Date().getFullYear() ? dayText : yearDayText;
  return `${day(date)}, ${clock(t, options)}`;
}

/** What a machine reads, for `<time datetime>`. */
export function iso(t) {
  return Number.isFinite(t) ? new Date(t * 1000).toISOString() : "";
}

const UNITS = [
  [1e-9, "ns"],
  [1e-6, "µs"],
  [1e-3, "ms"],
  [1, "s"],
];

/** "870 µs", "12.4 ms", "1.25 s", "3 min 20 s", "2 h 5 min", "3 d 4 h": three digits that count. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) {
    return "–";
  }
  if (seconds < 0) {
    return `−${duration(-seconds)}`;
  }
  if (seconds === 0) {
    return "0 s";
  }
  if (seconds < 59.95) {
    // Rounded before the unit is chosen: 999.9 µs is 1 ms.
    const rounded = Number(seconds.toPrecision(3));
    const [size, unit] = UNITS.findLast(([size]) => rounded >= size) ?? UNITS[0];
    return `${Number((rounded / size).toPrecision(3))} ${unit}`;
  }
  const whole = Math.round(seconds);
  if (whole < 3600) {
    return pair(Math.floor(whole / 60), "min", whole % 60, "s");
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) {
    return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  }
  const hours = Math.round(seconds / 3600);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** "just now", "8 s ago", "3 min ago", "2 h ago", "in 4 s". */
export function ago(t, now = Date.now() / 1000) {
  if (!Number.isFinite(t)) {
    return "–";
  }
  const seconds = now - t;
  if (Math.abs(seconds) < 1.5) {
    return "just now";
  }
  const text = coarse(Math.abs(seconds));
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function coarse(seconds) {
  if (seconds < 59.5) {
    return `${Math.round(seconds)} s`;
  }
  if (seconds < 59.5 * 60) {
    return `${Math.round(seconds / 60)} min`;
  }
  return seconds < 36 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

function pair(large, largeUnit, small, smallUnit) {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

function millisecondsOf(t) {
  return ((Math.floor(t * 1000) % 1000) + 1000) % 1000;
}
