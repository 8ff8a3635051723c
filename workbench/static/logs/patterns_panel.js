/** Beside the list: which kinds of lines there are, as Loki sees them. */
import { levelNamed } from "../data/levels.js";
import { patterns } from "../data/loki.js";
import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { emptyState, errorState, loading } from "../ui/states.js";
import { plainText } from "./ansi.js";

const MOST_SHOWN = 60;

/**
 * @param {HTMLElement} root
 * @param {{onPattern: (pattern: string, keep: boolean) => void}} options
 * @returns {{update: (asked: {selector: string|null, from: number, to: number}) => Promise<void>, destroy: () => void}}
 */
export function patternsPanel(root, { onPattern }) {
  let leaving = new AbortController();

  async function update(asked) {
    leaving.abort();
    leaving = new AbortController();
    const { signal } = leaving;
    if (!asked.selector) {
      replace(
        root,
        emptyState("Patterns belong to a selection of streams.", 'Write one, such as {service="backend"}.'),
      );
      return;
    }
    if (!root.firstChild) replace(root, loading("Looking for patterns"));
    try {
      const found = await patterns(asked.selector, { ...asked, signal });
      if (!signal.aborted) show(rowsOf(found));
    } catch (error) {
      if (signal.aborted) return;
      replace(
        root,
        error.kind === "not found"
          ? emptyState("This Loki does not look for patterns.", "Its pattern ingester is off.")
          : errorState(error, { retry: () => update(asked) }),
      );
    }
  }

  function show(rows) {
    if (!rows.length) {
      replace(
        root,
        emptyState(
          "No pattern was found.",
          "Loki needs several lines of a kind, and keeps patterns of the last hours only.",
        ),
      );
      return;
    }
    const total = rows.reduce((sum, { count }) => sum + count, 0);
    replace(
      root,
      h(
        "p",
        { class: "log-note" },
        `${rows.length} kinds of lines in the streams of this query; line filters are not applied.`,
      ),
      h("ol", { class: "log-patterns" }, rows.slice(0, MOST_SHOWN).map((row) => entry(row, total))),
    );
  }

  function entry({ pattern, level, count }, total) {
    const shown = essence(pattern);
    return h(
      "li",
      { "data-level": levelNamed(level) },
      h(
        "span",
        { class: "log-share", style: { "--share": `${(count / total) * 100}%` } },
        h(
          "span",
          { class: "log-share-value log-pattern", title: plainText(pattern).slice(0, 2000) },
          pieces(plainText(shown)),
        ),
        h("span", { class: "log-share-count" }, count.toLocaleString("en")),
      ),
      tool("plus", "Only lines of this kind", () => onPattern(pattern, true)),
      tool("minus", "No lines of this kind", () => onPattern(pattern, false)),
    );
  }

  return { update, destroy: () => (leaving.abort(), root.replaceChildren()) };
}

/**
 * Patterns with how many lines have them, the most frequent first.
 * @param {{pattern: string, level?: string, samples: [number, number][]}[]} found
 */
export function rowsOf(found) {
  return found
    .map(({ pattern, level, samples }) => ({
      pattern,
      level,
      count: samples.reduce((sum, [, count]) => sum + count, 0),
    }))
    .sort((one, other) => other.count - one.count);
}

/** What tells a pattern from others: of a JSON line its service and message, else all of it. */
export function essence(pattern) {
  const field = (name) => new RegExp(`"${name}":"((?:[^"\\\\]|\\\\.)*)"`).exec(pattern)?.[1];
  const message = field("message") ?? field("msg");
  if (!pattern.startsWith("{") || !message) return pattern;
  const service = field("service");
  return service && service !== "<_>" ? `${service}: ${message}` : message;
}

function pieces(text) {
  return text.slice(0, 500).split(/(<_>)/).map((
    piece,
  ) => (piece === "<_>" ? h("span", { class: "log-any" }, "…") : piece));
}

function tool(name, label, onclick) {
  return h("button", { type: "button", class: "log-tool", "aria-label": label, title: label, onclick }, icon(name));
}
