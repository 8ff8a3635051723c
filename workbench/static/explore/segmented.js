/** A choice of a few, side by side: radio buttons that look like one control. */
import { h, uniqueId } from "../ui/dom.js";

/**
 * @param {{label: string, options: Object<string, string>, value: string, onChange: (value: string) => void}} options
 * @returns {HTMLElement}
 */
export function segmented({ label, options, value, onChange }) {
  const name = uniqueId("choice");
  const choices = Object.entries(options).map(([id, title]) =>
    h(
      "label",
      { class: "segment" },
      h("input", { type: "radio", name, value: id, checked: id === value, onchange: () => onChange(id) }),
      h("span", {}, title),
    )
  );
  return h("fieldset", { class: "segmented" }, h("legend", { class: "visually-hidden" }, label), choices);
}
