/** The list of suggestions at the caret: a listbox whose focus stays in the text. */
import { h, replace, uniqueId } from "../ui/dom.js";

/** Rows a page key moves by. */
const PAGE = 8;

export class Popup {
  #field;
  #list;
  #about;
  #element;
  #options = [];
  #active = -1;
  #choose;

  /**
   * @param {HTMLTextAreaElement} field - what the suggestions are for
   * @param {(option: import("./options.js").Option) => void} choose
   */
  constructor(field, choose) {
    this.#field = field;
    this.#choose = choose;
    const id = uniqueId("suggestions");
    this.#list = h("ul", { id, role: "listbox", "aria-label": "Suggestions" });
    this.#about = h("p", { class: "suggestion-about" });
    // A press must not take the focus out of the text.
    const keep = (event) => event.preventDefault();
    this.#element = h("div", { class: "suggestions", hidden: true, onmousedown: keep }, this.#list, this.#about);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-haspopup", "listbox");
    field.setAttribute("aria-controls", id);
  }

  get element() {
    return this.#element;
  }

  get isOpen() {
    return !this.#element.hidden;
  }

  /** The marked option, or null. */
  get active() {
    return this.#options[this.#active] ?? null;
  }

  /**
   * @param {import("./options.js").Option[]} options
   * @param {{mark: boolean, note: string, prefix: string}} how - whether the first is marked; what is said below;
   *   what is typed already
   */
  show(options, { mark, note }) {
    const kept = this.isOpen && this.active ? options.findIndex(({ label }) => label === this.active.label) : -1;
    const touched = this.isOpen && this.#active > 0 && kept >= 0;
    this.#options = options;
    replace(this.#list, options.map((option, i) => this.#row(option, i)));
    this.#list.hidden = options.length === 0;
    this.#element.hidden = false;
    // For readers of the screen the field is a combobox only while there is something to choose.
    this.#field.setAttribute("role", "combobox");
    this.#field.setAttribute("aria-expanded", "true");
    this.#note = note;
    this.#mark(touched ? kept : mark && options.length ? 0 : -1);
  }

  #note = "";

  close() {
    this.#element.hidden = true;
    this.#options = [];
    this.#active = -1;
    this.#field.removeAttribute("role");
    this.#field.removeAttribute("aria-expanded");
    this.#field.removeAttribute("aria-activedescendant");
  }

  /** @returns {boolean} whether the key was for the list */
  key(key) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE };
    if (!(key in steps) || !this.#options.length) return false;
    const { length } = this.#options;
    const next = this.#active < 0 ? (steps[key] > 0 ? 0 : length - 1) : this.#active + steps[key];
    const bounded = Math.min(Math.max(next, 0), length - 1);
    this.#mark(Math.abs(steps[key]) === 1 ? (next + length) % length : bounded);
    return true;
  }

  /** Puts it under a place on the screen, or above it where there is no room. */
  place({ left, top, bottom }) {
    const { style } = this.#element;
    const { offsetWidth: width, offsetHeight: height } = this.#element;
    const below = bottom + 4 + height <= window.innerHeight || top - 4 - height < 0;
    style.setProperty("left", `${Math.max(8, Math.min(left, window.innerWidth - width - 8))}px`);
    style.setProperty("top", `${below ? bottom + 4 : top - 4 - height}px`);
  }

  #row(option, i) {
    return h(
      "li",
      { id: `${this.#list.id}-${i}`, role: "option", "aria-selected": "false", onclick: () => this.#choose(option) },
      h("span", { class: "suggestion-label" }, option.label),
      h("span", { class: "suggestion-kind" }, option.detail || option.kind || ""),
    );
  }

  #mark(i) {
    this.#list.children[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = i;
    const row = this.#list.children[i];
    row?.setAttribute("aria-selected", "true");
    row?.scrollIntoView({ block: "nearest" });
    if (row) this.#field.setAttribute("aria-activedescendant", row.id);
    else this.#field.removeAttribute("aria-activedescendant");
    const text = this.active?.doc || this.#note;
    this.#about.textContent = text;
    this.#about.hidden = !text;
  }
}
