/** "Mark a moment": a note, a deploy or a fault that every dashboard shows. The same as `lab annotate`. */

import { exploreAddress } from "../addresses.js";
import { annotate } from "../data/lab.js";
import { dialog } from "../ui/dialog.js";
import { h, replace, uniqueId } from "../ui/dom.js";
import { toast } from "../ui/toast.js";

/** As in lab/events.py; a test compares them. */
export const KINDS = [
  ["note", "Note: something worth remembering"],
  ["deploy", "Deploy: a new version"],
  ["fault", "Fault: something was broken on purpose"],
];

/** As in lab/events.py. */
export const MOST_CHARACTERS = 1000;

/** @param {Object} lab its description @param {function(): void} onMarked when the moment is marked */
export function openMarkDialog(lab, onMarked) {
  const id = uniqueId("mark");
  const text = h("input", {
    class: "input",
    id: `${id}-text`,
    type: "text",
    maxlength: MOST_CHARACTERS,
    required: true,
    autocomplete: "off",
    "aria-describedby": `${id}-problem`,
  });
  const kind = h(
    "select",
    { class: "select", id: `${id}-kind` },
    KINDS.map(([value, title]) => h("option", { value }, title)),
  );
  const services = lab.systems.flatMap((system) => system.services.map(({ name }) => name));
  const service = h(
    "select",
    { class: "select", id: `${id}-service` },
    h("option", { value: "" }, "None in particular"),
    services.map((name) => h("option", { value: name }, name)),
  );
  const problem = h("p", { class: "field-error", id: `${id}-problem`, role: "alert" });
  const send = h("button", { type: "submit", class: "button button-primary", form: id }, "Mark this moment");

  async function submit(event) {
    event.preventDefault();
    const said = text.value.trim();
    if (!said) {
      replace(problem, "Say what happened, in a few words.");
      text.focus();
      return;
    }
    send.disabled = true;
    try {
      await annotate({ text: said, kind: kind.value, ...(service.value ? { service: service.value } : {}) });
    } catch (error) {
      replace(problem, `${error.message} ${error.hint ?? ""}`);
      return;
    } finally {
      send.disabled = false;
    }
    opened.close();
    const query = '{service="lab"} | json';
    toast("Marked. Dashboards show it from now on.", {
      kind: "good",
      action: {
        text: "See all marks",
        href: exploreAddress([{ source: "loki", query }], { from: "now-1h", to: "now" }),
      },
    });
    onMarked();
  }

  const form = h(
    "form",
    { id, class: "mark-form", onsubmit: submit, novalidate: true },
    h("div", { class: "field" }, h("label", { for: text.id }, "What happened"), text),
    h("div", { class: "field" }, h("label", { for: kind.id }, "What it is"), kind),
    services.length > 0
      ? h("div", { class: "field" }, h("label", { for: service.id }, "The service it happened to"), service)
      : null,
    problem,
  );
  const opened = dialog({ title: "Mark a moment", content: form, actions: [send] });
  text.focus();
}
