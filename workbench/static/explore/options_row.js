/** What can be set of a pane beside its query: step, limits, order, and its own time. */
import { parseRange } from "../format/time_range.js";
import { h, replace, uniqueId } from "../ui/dom.js";
import { kindOf, USUAL } from "./asking.js";
import { MOST } from "./state.js";

/** @returns {boolean} whether something is set that is not as usual */
export function hasOptions(pane) {
  return Boolean(pane.step || pane.limit || pane.spans || pane.range || pane.order !== "newest");
}

/**
 * @param {HTMLElement} root
 * @param {{pane: import("./state.js").Pane, texts: {from: string, to: string}, patch: (change: object) => void}} how
 */
export function optionsRow(root, { pane, texts, patch }) {
  const kind = kindOf(pane);
  const fields = [];
  if (kind === "series") {
    fields.push(number("Step", pane.step, "by the width", "s", MOST.step, (step) => patch({ step })));
  }
  if (kind === "lines") {
    fields.push(
      number("At most", pane.limit, USUAL.loki, "lines", MOST.limit, (limit) => patch({ limit })),
      choice("Order", pane.order, { newest: "Newest first", oldest: "Oldest first" }, (order) => patch({ order })),
    );
  }
  if (kind === "traces" || kind === "spans") {
    const usual = kind === "spans" ? 10 : USUAL.spans;
    fields.push(
      number("At most", pane.limit, USUAL.tempo, "traces", MOST.limit, (limit) => patch({ limit })),
      number("Of each", pane.spans, usual, "spans", MOST.spans, (spans) => patch({ spans })),
    );
  }
  fields.push(...ownTime(pane, texts, patch));
  replace(root, fields);
}

function number(label, value, usual, unit, most, change) {
  const id = uniqueId("option");
  const input = h("input", {
    id,
    class: "input",
    type: "number",
    min: "0",
    max: String(most),
    step: "any",
    value: value === null ? "" : String(value),
    placeholder: String(usual),
    onchange: () => {
      const told = Number(input.value);
      change(told > 0 ? Math.min(told, most) : null);
    },
  });
  return h("span", { class: "option" }, h("label", { for: id }, label), input, h("span", { class: "quiet" }, unit));
}

function choice(label, value, options, change) {
  const id = uniqueId("option");
  const select = h(
    "select",
    { id, class: "select", onchange: () => change(select.value) },
    Object.entries(options).map(([name, title]) => h("option", { value: name, selected: name === value }, title)),
  );
  return h("span", { class: "option" }, h("label", { for: id }, label), select);
}

/** A pane shows the page's time unless it has one of its own. */
function ownTime({ range }, texts, patch) {
  const [id, fromId, toId] = [uniqueId("option"), uniqueId("option"), uniqueId("option")];
  const toggle = h("input", {
    id,
    type: "checkbox",
    checked: range !== null,
    onchange: () => patch({ range: toggle.checked ? { ...texts } : null }),
  });
  const own = h("span", { class: "option" }, toggle, h("label", { for: id }, "Its own time"));
  if (range === null) return [own];
  const error = h("span", { class: "field-error", role: "status" });
  const change = () => {
    const next = { from: from.value.trim(), to: to.value.trim() };
    const parsed = parseRange(next.from, next.to, Date.now() / 1000);
    error.textContent = parsed.error ?? "";
    if (!parsed.error) patch({ range: next });
  };
  const from = h("input", { id: fromId, class: "input", value: range.from, onchange: change });
  const to = h("input", { id: toId, class: "input", value: range.to, onchange: change });
  return [
    own,
    h("span", { class: "option" }, h("label", { for: fromId }, "From"), from),
    h("span", { class: "option" }, h("label", { for: toId }, "To"), to),
    error,
  ];
}
