/**
 * The links that a click on a value offers: what the click knows (`${__value.raw}`, `${__field.labels.service}`, the
 * time
 * range) is filled in here; the dashboard's own variables already are.
 */

import { fromGrafana } from "../grafana_addresses.js";

const CLICKED = /\$\{(__[A-Za-z_]+)((?:\.[^}:]+)?)(?::(\w+))?\}|\$(__url_time_range)\b/g;

/**
 * @param {Array<{title: string, url: string, targetBlank?: boolean}>} links of a field's config
 * @param {{value?: *, text?: string, time?: number, name?: string, labels?: Object<string, string>,
 *   row?: Object<string, *>, range: {from: number, to: number, text?: {from: string, to: string}}}} click
 *   range in unix seconds; `range.text` as it stands in the address
 * @param {Object<string, string>} words titles and addresses with the dashboard's variables filled in
 * @returns {Array<{title: string, href: string, outside: boolean}>} links that lead nowhere here are left out
 */
export function linksOfClick(links, click, words = {}) {
  return (links ?? []).flatMap(({ title, url }) => {
    const href = addressHere(filled(words[url] ?? url, click, quotedFor(url)));
    return href ? [{ title: filled(words[title] ?? title ?? "", click, (text) => text) || href, ...href }] : [];
  });
}

/**
 * A link of the JSON as one of ours.
 *
 * @param {string} url of Grafana, or anywhere
 * @returns {{href: string, outside: boolean}|null}
 */
export function addressHere(url) {
  if (/^https?:/i.test(url)) {
    return { href: url, outside: true };
  }
  const href = url.startsWith("/") && !url.startsWith("//") ? fromGrafana(url) : null;
  return href ? { href, outside: false } : null;
}

/** @param {function(string): string} quoted how a value is written where it is put */
function filled(text, click, quoted) {
  return text.replace(CLICKED, (whole, name, path, form, bare) => {
    if (bare ?? name === "__url_time_range") {
      return timesOf(click.range);
    }
    const value = valueOf(name, path.slice(1), click);
    return value === undefined ? whole : quoted(String(value), form);
  });
}

function valueOf(name, path, { value, text, time, name: series, labels = {}, row = {}, range }) {
  switch (name) {
    case "__from":
      return Math.round(range.from * 1000);
    case "__to":
      return Math.round(range.to * 1000);
    case "__value":
      return {
        raw: value,
        numeric: value,
        text: text ?? value,
        time: time && Math.round(time * 1000),
      }[path || "text"] ?? "";
    case "__field":
      return (path === "name" ? series : labels[path.replace(/^labels[.[]"?|"?\]$/g, "")]) ?? "";
    case "__series":
      return series ?? "";
    case "__data":
      return row[path.replace(/^fields[.[]"?|"?\]$/g, "")] ?? "";
    default:
      return undefined;
  }
}

/**
 * Values in Explore's addresses stand in JSON inside of a parameter; in other addresses in a parameter. One that could
 * end
 * what it stands in must not.
 */
function quotedFor(url) {
  const inJson = url.startsWith("/explore?");
  return (text) => encodeURIComponent(inJson ? JSON.stringify(text).slice(1, -1) : text);
}

/** The range as parameters; relative text stays relative. */
export function timesOf({ from, to, text }) {
  const of = (moment, written) => written ?? String(Math.round(moment * 1000));
  return `from=${encodeURIComponent(of(from, text?.from))}&to=${encodeURIComponent(of(to, text?.to))}`;
}
