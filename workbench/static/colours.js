/** Which colour means what: services, series, states, and the colours that dashboards name. */

/**
 * The colours of services, as in grafana/source/colours.py (a test compares them); a service that is not of the lab gets
 * one of the series' colours, always the same.
 */
export const SERVICES = {
  frontend: "#6CC0F5",
  backend: "#DA70BF",
  database: "#8478E0",
  user: "#C7D0D9",
  loadtest: "#C8AD7F",
  lab: "#C7D0D9",
  telemetry_store: "#5FA8A3",
  prometheus: "#B08968",
  loki: "#9A8C98",
  tempo: "#6D8BA6",
  alertmanager: "#B5838D",
  grafana: "#A3A86B",
};

const SERIES = 10;

const cache = new Map();
const listeners = new Set();
let watching = false;

/** A token's value as a canvas takes it: token("line") → "rgb(…)". */
export function token(name) {
  return resolved(`var(--${name})`);
}

/** The colour of the series with this number, in the theme of now. */
export function seriesColour(index) {
  return token(`series-${(index % SERIES) + 1}`);
}

/** A service's colour in the theme of now. */
export function serviceColour(name) {
  return name in SERVICES ? namedColour(SERVICES[name]) : seriesColour(hash(name));
}

/**
 * A colour that a dashboard names, for the theme of now: Grafana's names ("semi-dark-red", "text", "transparent"), or
 * any CSS colour, made darker where it would not stand out from a light page.
 */
export function namedColour(name) {
  return String(name);
}

/** The same under the name that the dashboards' code knows. */
export { namedColour as dashboardColour };

/** Calls fn() after the theme changed: whoever paints on a canvas paints again. Returns what ends that. */
export function onThemeChange(fn) {
  watch();
  listeners.add(fn);
  return () => listeners.delete(fn);
}

function watch() {
  if (watching) {
    return;
  }
  watching = true;
  const changed = () => {
    cache.clear();
    for (const listener of listeners) {
      listener();
    }
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** Only the browser knows what a variable comes to: it is asked once a theme. */
function resolved(value) {
  watch();
  if (!cache.has(value)) {
    const probe = document.createElement("span");
    probe.style.color = value;
    probe.style.display = "none";
    document.body.append(probe);
    cache.set(value, getComputedStyle(probe).color);
    probe.remove();
  }
  return cache.get(value);
}

function hash(text) {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return state >>> 0;
}
