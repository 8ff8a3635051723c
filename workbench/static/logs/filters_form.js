/** The simple filters: service, level, a text, a trace. They write the query, and show what it says while they can. */
import { serviceCss } from "../colours.js";
import { LEVELS } from "../data/levels.js";
import { h, replace, uniqueId } from "../ui/dom.js";
import { EVERYTHING, filtersOf, queryFor } from "./simple_filters.js";

/** Levels that can be chosen; who looks for traces or for critical ones writes a query. */
const OFFERED = LEVELS.filter((level) => !["trace", "unknown", "critical"].includes(level));

/** Services that have a button; of more than these the query takes any. */
const MOST_SERVICES = 12;

/**
 * @param {HTMLElement} root
 * @param {{services: string[], query: string, onQuery: (query: string) => void}} options
 * @returns {{setQuery: (query: string) => void, setServices: (names: string[]) => void, focus: () => void}}
 */
export function filtersForm(root, { services, query, onQuery }) {
  let filters = filtersOf(query);
  let names = services;
  const [textId, traceId] = [uniqueId("text"), uniqueId("trace")];
  const serviceGroup = h("div", { class: "log-choices", role: "group", "aria-label": "Services" });
  const levelGroup = h("div", { class: "log-choices", role: "group", "aria-label": "Levels" });
  const text = h("input", {
    id: textId,
    class: "input",
    type: "search",
    placeholder: "any text",
    autocomplete: "off",
    spellcheck: "false",
  });
  const trace = h("input", {
    id: traceId,
    class: "input mono",
    type: "search",
    placeholder: "any trace",
    autocomplete: "off",
    spellcheck: "false",
  });
  const traceError = h("p", { class: "field-error", role: "alert", hidden: true });
  const fields = h(
    "form",
    { class: "log-filters", onsubmit: (event) => (event.preventDefault(), typed()) },
    h("div", { class: "field" }, h("span", { class: "log-filter-name" }, "Service"), serviceGroup),
    h("div", { class: "field" }, h("span", { class: "log-filter-name" }, "Level"), levelGroup),
    h("div", { class: "field log-filter-text" }, h("label", { for: textId }, "Contains"), text),
    h("div", { class: "field log-filter-trace" }, h("label", { for: traceId }, "Trace id"), trace, traceError),
  );
  const beyond = h(
    "p",
    { class: "log-beyond", hidden: true },
    "This query is beyond the simple filters. ",
    h("button", { type: "button", class: "log-action", onclick: () => write({}) }, "Start again with all lines"),
  );
  for (const input of [text, trace]) input.addEventListener("change", typed);
  replace(root, fields, beyond);
  show();

  function write(changes) {
    filters = { ...(filtersOf(EVERYTHING)), ...filters, ...changes };
    if (Object.keys(changes).length === 0) filters = filtersOf(EVERYTHING);
    show();
    onQuery(queryFor(filters));
  }

  function typed() {
    const id = trace.value.trim().toLowerCase();
    const wrong = id !== "" && !/^[0-9a-f]{32}$/.test(id);
    traceError.hidden = !wrong;
    traceError.textContent = wrong ? "A trace id has 32 hexadecimal digits." : "";
    trace.setAttribute("aria-invalid", String(wrong));
    if (wrong || (text.value === filters.text && id === filters.traceId)) return;
    write({ text: text.value, traceId: id });
  }

  function show() {
    beyond.hidden = filters !== null;
    fields.hidden = filters === null;
    if (filters === null) return;
    const offered = [...new Set([...names.slice(0, MOST_SERVICES), ...filters.services])];
    choices(
      serviceGroup,
      offered,
      filters.services,
      (chosen) => write({ services: chosen }),
      (name) => h("span", { class: "log-dot", style: { "--colour": serviceCss(name) }, "aria-hidden": "true" }),
    );
    choices(
      levelGroup,
      [...new Set([...OFFERED, ...filters.levels])],
      filters.levels,
      (chosen) => write({ levels: chosen }),
    );
    if (document.activeElement !== text) text.value = filters.text;
    if (document.activeElement !== trace) trace.value = filters.traceId;
  }

  return {
    setQuery(next) {
      filters = filtersOf(next);
      show();
    },
    setServices(next) {
      names = next;
      show();
    },
    focus: () => text.focus(),
  };
}

/** One button a choice; none pressed means all. Buttons stay, so that the focus does. */
function choices(group, offered, chosen, onChange, picture = () => null) {
  const known = new Map([...group.children].map((button) => [button.dataset.value, button]));
  if ([...known.keys()].join() !== offered.join()) {
    replace(
      group,
      offered.map((name) =>
        known.get(name) ??
          h(
            "button",
            { type: "button", class: "button log-choice", "data-value": name, "data-level": name },
            picture(name),
            name,
          )
      ),
    );
  }
  for (const button of group.children) {
    const name = button.dataset.value;
    const pressed = chosen.includes(name);
    button.setAttribute("aria-pressed", String(pressed));
    button.onclick = () => onChange(pressed ? chosen.filter((one) => one !== name) : [...chosen, name]);
  }
}
