/** Two traces side by side: what took longer, what is only in one, and which attributes differ. */

import { traceAddress } from "../addresses.js";
import { serviceCss } from "../colours.js";
import { dateTime, duration } from "../format/time.js";
import { h } from "../ui/dom.js";
import { virtualList } from "../ui/virtual_list.js";
import { compareTraces, summary } from "./comparison.js";
import { plainText } from "./find.js";
import { count } from "./head.js";

const ROW = 34;
const LINE = 22;
const INDENT = 14;
/** Attributes that differ, listed under a row. */
const LISTED = 40;
const LONGEST_VALUE = 160;

/**
 * @param {HTMLElement} root
 * @param {{left, right, onClose: function(): void}} options parsed traces: the one looked at, and the other
 * @returns {{destroy: function(): void}}
 */
export function compareView(root, { left, right, onClose }) {
  const comparison = compareTraces(left, right);
  const { pairs } = comparison;
  const longest = Math.max(left.duration, right.duration, 1e-3);
  const open = new Set();
  const body = h("div", { class: "compare-body", role: "rowgroup" });
  const element = h(
    "section",
    { class: "trace-compare", "aria-label": "Comparison of two traces" },
    h(
      "div",
      { class: "compare-head" },
      h("p", { class: "compare-summary" }, summary(comparison, duration)),
      h(
        "div",
        { class: "trace-actions" },
        h(
          "a",
          { class: "button", href: traceAddress(right.traceId, { compare: left.traceId }) },
          "The other way round",
        ),
        h("a", { class: "button", href: traceAddress(right.traceId) }, "Open the other"),
        h("button", { type: "button", class: "button", onclick: onClose }, "End the comparison"),
      ),
    ),
    sides(left, right),
    whereItWent(comparison),
    h(
      "div",
      {
        class: "compare-table",
        role: "treegrid",
        "aria-label": "Spans of both traces",
        "aria-rowcount": pairs.length + 1,
      },
      h(
        "div",
        { class: "compare-row compare-titles", role: "row" },
        h("div", { class: "compare-name", role: "columnheader" }, "Span"),
        h("div", { class: "compare-number", role: "columnheader" }, "This"),
        h("div", { class: "compare-number", role: "columnheader" }, "Other"),
        h("div", { class: "compare-difference", role: "columnheader" }, "Difference"),
        h("div", { class: "compare-bars", role: "columnheader" }, "Above this, below the other"),
      ),
      body,
    ),
  );
  root.append(element);

  const heightOf = (index) =>
    ROW + (open.has(index) ? Math.min(pairs[index].attributes.length, LISTED) * LINE + 12 : 0);
  const list = virtualList(body, { count: pairs.length, rowHeight: ROW, heightOf, render });

  function render(index) {
    const pair = pairs[index];
    const span = pair.left ?? pair.right;
    const differing = pair.attributes.length;
    const row = h(
      "div",
      {
        class: `compare-row ${pair.left && pair.right ? "" : "only"}`,
        role: "row",
        "aria-level": pair.depth + 1,
        "aria-rowindex": index + 2,
        style: { "--service": span.missing ? "var(--unknown)" : serviceCss(span.service) },
      },
      h(
        "div",
        {
          class: "compare-name",
          role: "rowheader",
          style: { paddingLeft: `${8 + Math.min(pair.depth, 20) * INDENT}px` },
          title: `${span.service} ${span.name}`.slice(0, 300),
        },
        h("span", { class: "wf-colour", "aria-hidden": "true" }),
        h("span", { class: "wf-service" }, span.service),
        h("span", { class: "wf-operation" }, span.missing ? "missing parent" : span.name || "(no name)"),
        statusOf(pair),
        differing
          ? h(
            "button",
            {
              type: "button",
              class: "compare-attributes",
              "aria-expanded": open.has(index),
              onclick: () => {
                if (!open.delete(index)) open.add(index);
                list.update({ heightOf });
              },
            },
            count(differing, "attribute"),
            " differ",
            differing === 1 ? "s" : "",
          )
          : null,
      ),
      h("div", { class: "compare-number", role: "gridcell" }, cell(pair.left, left)),
      h("div", { class: "compare-number", role: "gridcell" }, cell(pair.right, right)),
      h("div", { class: "compare-difference", role: "gridcell" }, difference(pair)),
      h(
        "div",
        { class: "compare-bars", role: "gridcell" },
        bar(pair.left, longest, "this"),
        bar(pair.right, longest, "other"),
      ),
    );
    if (!open.has(index)) return row;
    return [
      row,
      h(
        "dl",
        { class: "compare-values" },
        pair.attributes.slice(0, LISTED).map(({ name, left: ours, right: theirs }) =>
          h("div", null, h("dt", null, name), h("dd", null, value(ours)), h("dd", null, value(theirs)))
        ),
      ),
    ];
  }

  return {
    destroy() {
      list.destroy();
      element.remove();
    },
  };
}

function sides(left, right) {
  const side = (title, trace) =>
    h(
      "div",
      { class: "compare-side" },
      h("h3", null, title),
      h(
        "p",
        null,
        h("strong", null, duration(trace.durationSeconds)),
        h("span", { class: "quiet" }, ` ${dateTime(trace.start, { milliseconds: true })}`),
      ),
      h(
        "p",
        { class: "quiet small" },
        `${count(trace.spans.length, "span")}, ${count(trace.services.length, "service")}, ${
          trace.errors ? count(trace.errors, "error") : "no errors"
        } · `,
        h("code", null, trace.traceId),
      ),
    );
  return h("div", { class: "compare-sides" }, side("This trace", left), side("The other", right));
}

/** The operations that make up the difference; what is below a hundredth of the larger trace is noise. */
function whereItWent({ byOperation, slower }) {
  const least = Math.max(Math.abs(slower) * 0.05, 1);
  const listed = byOperation.filter((entry) => Math.abs(entry.difference) >= least).slice(0, 6);
  if (!listed.length) return null;
  return h(
    "div",
    { class: "compare-where" },
    h("h3", null, "Where on the critical path the difference is"),
    h(
      "ul",
      null,
      listed.map((entry) =>
        h(
          "li",
          null,
          h("span", { class: "swatch", style: { background: serviceCss(entry.service) } }),
          h("span", { class: "trace-service" }, entry.service),
          " ",
          entry.name,
          " ",
          signed(entry.difference),
        )
      ),
    ),
  );
}

function signed(micros) {
  const slower = micros > 0;
  return h(
    "span",
    { class: slower ? "slower" : "faster" },
    `${slower ? "+" : "−"}${duration(Math.abs(micros) / 1e6)} ${slower ? "slower" : "faster"}`,
  );
}

function difference(pair) {
  if (!pair.right) return h("span", { class: "only-word" }, "only in this");
  if (!pair.left) return h("span", { class: "only-word" }, "only in the other");
  const base = Math.max(pair.left.duration, pair.right.duration);
  // Two runs of the same thing never take exactly as long.
  if (Math.abs(pair.difference) < base * 0.05 || Math.abs(pair.difference) < 1) {
    return h("span", { class: "faint" }, "about the same");
  }
  return signed(pair.difference);
}

function statusOf({ left, right }) {
  const [ours, theirs] = [left?.status === "error", right?.status === "error"];
  if (ours && theirs) return h("span", { class: "error-word" }, "error");
  if (ours) return h("span", { class: "error-word" }, right ? "error only here" : "error");
  return theirs ? h("span", { class: "error-word" }, left ? "error only there" : "error") : null;
}

const cell = (span) => (span && !span.missing ? duration(span.duration / 1e6) : "–");

function bar(span, longest, which) {
  if (!span) return null;
  const left = (span.start / longest) * 100;
  return h("span", {
    class: `compare-bar ${which}`,
    style: { left: `${left}%`, width: `${(span.duration / longest) * 100}%` },
  });
}

function value(content) {
  if (content === undefined) return h("span", { class: "faint" }, "not there");
  const text = plainText(content);
  return h(
    "span",
    { title: text.slice(0, 2000) },
    text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text,
  );
}
