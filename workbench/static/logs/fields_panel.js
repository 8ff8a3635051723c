/** Beside the list: what the fields of its lines are made of. */
import { query as instant } from "../data/loki.js";
import { h, replace, svg } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { emptyState } from "../ui/states.js";
import { plainText } from "./ansi.js";
import { fieldStatistics } from "./field_statistics.js";
import { reading } from "./fields.js";
import { quote } from "../editor/quoting.js";
import { parseLogQuery } from "./query_text.js";

const TOP = 10;
const TITLES = { label: "Labels", metadata: "Metadata", field: "Fields" };

/**
 * @param {HTMLElement} root
 * @param {{onFilter: Function, onColumns: (columns: string[]) => void,
 *   asked: () => {query: string, from: number, to: number}}} options `asked` tells what the lines answer
 * @returns {{update: (lines: object[], columns: string[]) => void, destroy: () => void}}
 */
export function fieldsPanel(root, { onFilter, onColumns, asked }) {
  const leaving = new AbortController();
  const open = new Set();
  /** Counts over the whole range, by field. */
  const ranges = new Map();
  let lines = [];
  let columns = [];
  let wanted = "";
  const search = h("input", {
    class: "input",
    type: "search",
    placeholder: "Find a field",
    "aria-label": "Find a field",
    oninput: () => ((wanted = search.value.toLowerCase()), show()),
  });
  const body = h("div", { class: "log-stats" });
  const note = h("p", { class: "log-note" });
  replace(root, search, note, body);

  function show() {
    const statistics = fieldStatistics(lines, { top: TOP });
    note.textContent = `Counted on the ${lines.length.toLocaleString("en")} lines that are loaded.`;
    const found = statistics.fields.filter(({ name }) => name.toLowerCase().includes(wanted));
    const groups = Object.keys(TITLES).map((kind) => [kind, found.filter((field) => field.kind === kind)]);
    const focus = document.activeElement?.closest?.("[data-stat]")?.dataset.stat;
    replace(
      body,
      found.length === 0 && emptyState(lines.length ? "No field has that name." : "No line is loaded."),
      groups.map(([kind, fields]) =>
        fields.length > 0 && [h("h3", null, TITLES[kind]), h("ul", null, fields.map((field) => entry(field)))]
      ),
    );
    if (focus && !body.contains(document.activeElement)) {
      body.querySelector(`[data-stat="${CSS.escape(focus)}"] button`)?.focus();
    }
  }

  function entry(field) {
    const expanded = open.has(field.name);
    const toggle = () => {
      if (expanded) open.delete(field.name);
      else open.add(field.name);
      show();
    };
    return h(
      "li",
      { "data-stat": field.name },
      h(
        "button",
        { type: "button", class: "log-stat", "aria-expanded": expanded, onclick: toggle },
        icon(expanded ? "down" : "right"),
        h("span", { class: "log-stat-name" }, plainText(field.name)),
        h("span", { class: "log-stat-count" }, valuesText(field)),
      ),
      expanded && details(field),
    );
  }

  function details(field) {
    const over = ranges.get(field.name);
    const counted = over?.top ?? field.top;
    const total = over?.total ?? field.count;
    const shown = columns.includes(field.name);
    return h(
      "div",
      { class: "log-stat-details" },
      over?.error && h("p", { class: "field-error" }, over.error),
      h("p", { class: "log-note" }, sentence(field, counted, over, lines.length)),
      over?.figures && figures(over.figures),
      field.numbers && !over?.top && numbers(field.numbers),
      !isScattered(field) &&
        h("ul", { class: "log-values" }, counted.map(({ value, count }) => valueRow(field, value, count, total))),
      h(
        "p",
        { class: "log-actions" },
        over?.top
          ? action("Back to the lines loaded", () => (ranges.delete(field.name), show()))
          : action(over?.busy ? "Counting…" : "Count over the whole range", () => countOverRange(field)),
        action(
          shown ? "Not as a column" : "Show as a column",
          () => onColumns(shown ? columns.filter((one) => one !== field.name) : [...columns, field.name]),
        ),
      ),
    );
  }

  function valueRow(field, value, count, total) {
    const filter = (operator) =>
      onFilter(field.name, value, operator, { kind: field.kind, name: field.name, value, format: formatOf(field) });
    const text = plainText(value).slice(0, 200);
    return h(
      "li",
      null,
      h(
        "span",
        { class: "log-share", style: { "--share": `${total ? (count / total) * 100 : 0}%` } },
        h("span", { class: "log-share-value", title: text }, text || "(empty)"),
        h("span", { class: "log-share-count" }, `${count.toLocaleString("en")} · ${share(count, total)}`),
      ),
      tool("plus", `Only lines where ${field.name} is ${text}`, () => filter("=")),
      tool("minus", `No lines where ${field.name} is ${text}`, () => filter("!=")),
    );
  }

  /** Which parser gives a field, as the lines show it. */
  function formatOf({ name }) {
    const line = lines.find((one) => name in reading(one).fields);
    return line ? reading(line).format : undefined;
  }

  async function countOverRange(field) {
    ranges.set(field.name, { busy: true });
    show();
    const { query, from, to } = asked();
    try {
      const told = { ...field, format: formatOf(field) };
      const ask = (text) => instant(text, { at: to, signal: leaving.signal });
      // Of numbers Loki would have to keep a series for each; how they spread it finds without.
      if (isScattered(field)) {
        const answers = await Promise.all(figureQueries(query, told, to - from).map(ask));
        const [least, median, p95, greatest, count] = answers.map((samples) => samples[0]?.value ?? NaN);
        ranges.set(field.name, { top: [], total: count || 0, figures: { min: least, median, p95, max: greatest } });
      } else {
        const top = (await ask(fieldCountQuery(query, told, to - from)))
          .map(({ labels, value }) => ({ value: labels[field.name] ?? "", count: value }))
          .sort((one, other) => other.count - one.count);
        const total = top.reduce((sum, { count }) => sum + count, 0);
        ranges.set(field.name, { top: top.slice(0, TOP), total });
      }
    } catch (error) {
      if (leaving.signal.aborted) return;
      ranges.set(field.name, { error: `${error.message} ${error.hint ?? ""}`.trim() });
    }
    show();
  }

  return {
    update(next, shown) {
      lines = next;
      columns = shown;
      show();
    },
    /** Another question: what was counted over the range of the last one does not hold. */
    forget() {
      ranges.clear();
    },
    destroy() {
      leaving.abort();
      root.replaceChildren();
    },
  };
}

/** The query that counts a field's values over a range of so many seconds. */
export function fieldCountQuery(query, field, seconds) {
  const lines = `${linesWith(query, field)}| drop __error__, __error_details__ `;
  return `sum by (${field.name}) (count_over_time(${lines}${windowOf(seconds)}))`;
}

/** The queries for a numeric field's least, median, p95 and greatest value, and for how many lines have it. */
export function figureQueries(query, field, seconds) {
  const values = `${linesWith(query, field)}| unwrap ${field.name} | __error__="" ${windowOf(seconds)}`;
  return [
    // Grouped by nothing: else there would be a series for each combination of fields.
    `min_over_time(${values}) by ()`,
    `quantile_over_time(0.5, ${values}) by ()`,
    `quantile_over_time(0.95, ${values}) by ()`,
    `max_over_time(${values}) by ()`,
    `sum(count_over_time(${linesWith(query, field)}| drop __error__, __error_details__ ${windowOf(seconds)}))`,
  ];
}

function linesWith(query, { name, kind, format }) {
  const parsed = parseLogQuery(query)?.stages.some((stage) => stage.kind === "parser" && stage.name === format);
  const parser = kind === "field" && format && !parsed ? `| ${format} ` : "";
  return `${query.trim()}\n${parser}| ${name}!=${quote("")} `;
}

function windowOf(seconds) {
  return `[${Math.max(Math.round(seconds * 1000), 1)}ms]`;
}

function sentence(field, counted, over, count) {
  if (over?.top) return `${over.total.toLocaleString("en")} lines of the whole range have it.`;
  const cut = field.distinct > counted.length && !isScattered(field)
    ? `; the ${counted.length} most frequent values`
    : "";
  return `${share(field.count, count)} of the lines have it${cut}.`;
}

/** Numbers of which hardly two are the same: their spread says all. */
function isScattered({ numbers: found, distinct, count }) {
  return found !== null && distinct > 10 && distinct > count / 4;
}

function valuesText({ distinct, more }) {
  if (more) return `more than ${distinct.toLocaleString("en")} values`;
  return distinct === 1 ? "1 value" : `${distinct.toLocaleString("en")} values`;
}

function share(part, whole) {
  if (!whole) return "0 %";
  const percent = (part / whole) * 100;
  return `${percent >= 10 || percent === 0 ? Math.round(percent) : percent.toPrecision(1)} %`;
}

function numbers(found) {
  return [figures(found), picture(found.bars)];
}

function figures({ min, median, p95, max }) {
  const rows = [["least", min], ["median", median], ["p95", p95], ["greatest", max]];
  return h(
    "dl",
    { class: "log-figures" },
    rows.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, figure(value)))),
  );
}

function figure(number) {
  return Math.abs(number) >= 1000 || Number.isInteger(number)
    ? Math.round(number).toLocaleString("en")
    : String(Number(number.toPrecision(3)));
}

function picture(bars) {
  const most = Math.max(...bars.map(({ count }) => count));
  const label = `From ${figure(bars[0].from)} to ${figure(bars.at(-1).to)} in ${bars.length} steps: ${
    bars.map(({ count }) => count).join(", ")
  } lines`;
  return svg(
    "svg",
    {
      class: "log-spread",
      viewBox: `0 0 ${bars.length * 10} 40`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    },
    bars.map(({ count }, i) =>
      svg("rect", { x: i * 10 + 1, width: 8, y: 40 - (count / most) * 40, height: (count / most) * 40 })
    ),
  );
}

function action(title, onclick) {
  return h("button", { type: "button", class: "log-action", onclick }, title);
}

function tool(name, label, onclick) {
  return h("button", { type: "button", class: "log-tool", "aria-label": label, title: label, onclick }, icon(name));
}
