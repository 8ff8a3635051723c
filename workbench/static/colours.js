/**
 * Which colour means what: services, series, states, and the colours that dashboards name.
 *
 * Dashboards are drawn for Grafana's dark theme. What they name is looked up here: a state becomes our token of that
 * state, any other colour keeps its hue and gets a lightness that can be seen on the page of now.
 */

import { colourText, contrast, fromOklch, parseColour, toOklch } from "./format/oklch.js";

/** The colours of what belongs to no system, as in grafana/source/colours.py (a test compares them). */
export const LAB = {
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

/** The dashboards' colours of states and of what nobody judges, as in grafana/source/colours.py: token by colour. */
export const STATES = {
  "#73bf69": "good",
  "#ff9830": "warning",
  "#f2495c": "bad",
  "#8e9aaf": "unknown",
  "#c7d0d9": "text-quiet",
};

/** Grafana's names for colours that mean something to us; of the others only the hue is known. */
const NAMES = {
  green: "good",
  orange: "warning",
  red: "bad",
  text: "text",
  "panel-bg": "surface",
  white: "text",
  black: "text",
};
const HUES = { yellow: "#FADE2A", blue: "#5794F2", purple: "#B877D9", gray: "#8E9AAF", grey: "#8E9AAF" };

/** Grafana's shades, as steps of lightness away from the colour itself; on a light page they go the other way. */
const SHADES = { "super-light-": 0.16, "light-": 0.08, "": 0, "semi-dark-": -0.08, "dark-": -0.16 };

const SERIES = 10;

/** A line has to stand out from the page by so much (WCAG's minimum for what is no text is 3). */
const LEAST_CONTRAST = 3.2;

const PAGES = { light: parseColour("#fcfdfa"), dark: parseColour("#161d1a") };

const cache = new Map();

/** What our own answers came from: a colour that comes back is no stranger that has to be fitted to the page. */
const origins = new Map();
const listeners = new Set();
let watching = false;
let ofSystems = new Map();

/** Which theme is shown: "light" or "dark". */
export function shownTheme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

/**
 * Says which services there are and, where their system has chosen it, in which colour each is drawn.
 *
 * @param {{services: {name: string, colour: string|null}[]}[]} systems as the lab's description has them
 */
export function knowSystems(systems) {
  ofSystems = new Map(systems.flatMap(({ services }) => services.map(({ name, colour }) => [name, colour])));
}

/** A token's value as a canvas takes it: token("line") → "rgb(…)". */
export function token(name) {
  return resolved(`var(--${name})`);
}

/** The colour of the series with this number, in the theme of now. */
export function seriesColour(index) {
  return token(`series-${(index % SERIES) + 1}`);
}

/** The same for CSS; it goes along with the theme by itself. */
export function seriesCss(index) {
  return `var(--series-${(index % SERIES) + 1})`;
}

/** A service's colour in the theme of now, for a canvas. One that nobody gave a colour always gets the same. */
export function serviceColour(name) {
  return resolved(serviceCss(name));
}

/** A service's colour for CSS; it goes along with the theme by itself. */
export function serviceCss(name) {
  const known = ofSystems.get(name) ?? (Object.hasOwn(LAB, name) ? LAB[name] : null);
  return known ? colourCss(known) : seriesCss(hash(String(name)));
}

/**
 * A colour that a dashboard names, in the theme of now: "#F2495C", "semi-dark-red", "rgba(…)", "text". What is no
 * colour is the unjudged one.
 */
export function namedColour(name) {
  return resolved(colourCss(name));
}

export { namedColour as dashboardColour };

/** The same for CSS; it goes along with the theme by itself. */
export function colourCss(name) {
  const given = String(name).trim();
  if (origins.has(given) || /^(var|light-dark|color-mix)\(/.test(given)) {
    return origins.get(given) ?? given;
  }
  const text = given.toLowerCase();
  if (Object.hasOwn(STATES, text)) {
    return `var(--${STATES[text]})`;
  }
  if (text === "transparent") {
    return text;
  }
  const named = /^(super-light-|light-|semi-dark-|dark-)?([a-z-]+)$/.exec(text);
  if (named && Object.hasOwn(NAMES, named[2])) {
    return shaded(`var(--${NAMES[named[2]]})`, SHADES[named[1] ?? ""]);
  }
  const step = named ? SHADES[named[1] ?? ""] : 0;
  const colour = parseColour(named ? (HUES[named[2]] ?? "") : text);
  return colour ? `light-dark(${fitted(colour, step, "light")}, ${fitted(colour, step, "dark")})` : "var(--text-quiet)";
}

/** Calls fn() after the theme changed: whoever paints on a canvas paints again. Returns what ends that. */
export function onThemeChange(fn) {
  watch();
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/** What is bright on a dark page is dark on a light one: how much a colour stands out stays in the same order. */
function fitted(colour, step, theme) {
  const { lightness, chroma, hue } = toOklch(colour);
  const wished = lightness + step;
  let fit = theme === "dark" ? wished : 0.62 - (wished - 0.45) * 0.5;
  const away = theme === "dark" ? 0.02 : -0.02;
  let result = fromOklch({ lightness: fit, chroma, hue });
  while (contrast(result, PAGES[theme]) < LEAST_CONTRAST && fit > 0.05 && fit < 0.97) {
    fit += away;
    result = fromOklch({ lightness: fit, chroma, hue });
  }
  return colourText({ ...result, alpha: colour.alpha });
}

function shaded(css, step) {
  if (step === 0) {
    return css;
  }
  const towards = step > 0 ? "var(--text)" : "var(--background)";
  return `color-mix(in srgb, ${css} ${Math.round(100 - Math.abs(step) * 150)}%, ${towards})`;
}

function watch() {
  if (watching) {
    return;
  }
  watching = true;
  const changed = () => {
    cache.clear();
    for (const listener of [...listeners]) {
      listener();
    }
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** Only the browser knows what CSS comes to: it is asked once a theme. */
function resolved(css) {
  watch();
  if (!cache.has(css)) {
    const probe = document.createElement("span");
    probe.style.color = css;
    probe.hidden = true;
    document.body.append(probe);
    const colour = asRgb(getComputedStyle(probe).color);
    cache.set(css, colour);
    origins.set(colour, css);
    probe.remove();
  }
  return cache.get(css);
}

/** A mixture comes as "color(srgb 0.2 0.4 0.6)", with which not everybody can go on. */
function asRgb(text) {
  const mixed = /^color\(srgb ([\d.]+) ([\d.]+) ([\d.]+)/.exec(text);
  return mixed ? colourText({ red: Number(mixed[1]), green: Number(mixed[2]), blue: Number(mixed[3]) }) : text;
}

/** FNV-1a, 32 bits. */
function hash(text) {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return state >>> 0;
}
