/**
 * The field in which queries are written: coloured, with suggestions at the caret, and errors at their place.
 *
 * The text lives in a native textarea, so that selection, undo, input methods and screen readers work as they do
 * everywhere; the colours are a layer under it that shows the same text.
 */
import { h, replace, uniqueId } from "../ui/dom.js";
import { sentence, stretch } from "./error_place.js";
import { paint, placeOf } from "./highlight.js";
import { LANGUAGES } from "./languages.js";
import { Names } from "./names.js";
import { ranked } from "./options.js";
import { edited } from "./pairs.js";
import { Popup } from "./popup.js";
import { openBrackets } from "./scanner.js";

/** Where the list opens by itself although nothing of a word is typed. */
const INVITING = [
  "label",
  "value",
  "window",
  "grouping",
  "stage",
  "attribute",
  "argument",
  "field",
  "field value",
  "template",
];

/**
 * @param {HTMLElement} root - filled with the editor
 * @param {object} options
 * @param {"promql"|"logql"|"traceql"} options.language
 * @param {string} [options.value]
 * @param {(text: string) => void} [options.onRun] - Ctrl+Enter, Shift+Enter, and Enter at the end of a whole query
 * @param {(text: string) => void} [options.onChange]
 * @param {import("../data/api_error.js").ApiError|null} [options.error]
 * @param {object} options.context - of the page: its time says what telemetry names are taken from
 * @param {string} [options.label] - for screen readers, where "PromQL query" is not enough
 * @returns {{value: string, setError: (error: Error|null) => void, focus: () => void, insert: (text: string) => void,
 *   destroy: () => void}} `value` can be read and set
 */
export function queryEditor(root, options) {
  return new QueryEditor(root, options);
}

class QueryEditor {
  #language;
  #onRun;
  #onChange;
  #field;
  #layer;
  #message;
  #status;
  #popup;
  #names;
  #tokens = [];
  #context = null;
  /** The query an API refused, and why. */
  #failed = null;
  /** Counts the lists that were asked for: an answer for an older one is not shown. */
  #asked = 0;
  /** Text that we write is no typing. */
  #writing = false;
  #ended = new AbortController();

  constructor(root, { language, value = "", onRun, onChange, error = null, context, label }) {
    this.#language = LANGUAGES[language];
    this.#onRun = onRun;
    this.#onChange = onChange;
    const messageId = uniqueId("query-error");
    this.#layer = h("pre", { class: "query-layer", "aria-hidden": "true" });
    this.#field = h("textarea", {
      class: "query-field",
      rows: 1,
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      autocorrect: "off",
      translate: "no",
      placeholder: this.#language.example,
      "aria-label": label ?? `${this.#language.title} query`,
      "aria-describedby": messageId,
    });
    this.#message = h("p", { class: "query-error", id: messageId, hidden: true });
    this.#status = h("p", { class: "visually-hidden", "aria-live": "polite" });
    this.#popup = new Popup(this.#field, (option) => this.#accept(option));
    const signals = [this.#ended.signal, context?.signal].filter(Boolean);
    this.#names = new Names(() => rangeOf(context), AbortSignal.any(signals));
    replace(
      root,
      h(
        "div",
        { class: "query-editor" },
        h("div", { class: "query-text" }, this.#layer, this.#field),
        this.#message,
        this.#status,
        this.#popup.element,
      ),
    );
    this.#field.value = value;
    this.#listen();
    this.setError(error);
  }

  get value() {
    return this.#field.value;
  }

  set value(text) {
    if (text === this.#field.value) return;
    this.#field.value = text;
    this.#close();
    this.#paint();
  }

  /** The whole text anew, in a way that undo takes back. */
  replaceText(text) {
    this.#write(0, this.value.length, text, [text.length, text.length]);
  }

  /** Writes at the caret. */
  insert(text) {
    const { selectionStart: from, selectionEnd: to } = this.#field;
    this.#write(from, to, text, [from + text.length, from + text.length]);
  }

  focus() {
    this.#field.focus();
  }

  /** Shows what an API said about the text as it is now; null when there is nothing to complain about. */
  setError(error) {
    this.#failed = error ? { error, text: this.value } : null;
    this.#message.textContent = error ? sentence(error, this.value) : "";
    this.#message.hidden = !error;
    this.#field.setAttribute("aria-invalid", String(Boolean(error)));
    this.#paint();
  }

  destroy() {
    this.#ended.abort();
    this.#asked += 1;
    this.#popup.element.remove();
  }

  #listen() {
    const { signal } = this.#ended;
    const field = this.#field;
    field.addEventListener("input", (event) => this.#changed(event), { signal });
    field.addEventListener("keydown", (event) => this.#key(event), { signal });
    field.addEventListener("blur", () => this.#close(), { signal });
    field.addEventListener("click", () => this.#close(), { signal });
    window.addEventListener("scroll", () => this.#place(), { signal, passive: true, capture: true });
    window.addEventListener("resize", () => this.#close(), { signal });
  }

  #changed(event) {
    this.#paint();
    this.#onChange?.(this.value);
    if (this.#writing) return;
    if (event.isComposing || event.inputType?.startsWith("history")) this.#close();
    else this.#offer({ asked: false });
  }

  #paint() {
    const text = this.value;
    this.#tokens = this.#language.tokenize(text);
    const failed = this.#failed?.text === text ? this.#failed.error : null;
    paint(this.#layer, text, this.#tokens, stretch(text, failed?.position ?? null, this.#tokens));
    // What was said about another text is old news.
    this.#message.classList.toggle("stale", Boolean(this.#failed) && !failed);
  }

  #key(event) {
    if (event.isComposing) return;
    const handled = this.#popupKey(event) || this.#runKey(event) || this.#editKey(event);
    if (handled) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  #popupKey({ key, ctrlKey, altKey, metaKey, shiftKey }) {
    if ((key === " " && ctrlKey) || (key === "ArrowDown" && altKey)) {
      this.#offer({ asked: true });
      return true;
    }
    if (!this.#popup.isOpen || ctrlKey || altKey || metaKey) return false;
    if (key === "Escape") {
      this.#close();
      return true;
    }
    if (shiftKey) return false;
    if ((key === "Enter" || key === "Tab") && this.#popup.active) {
      this.#accept(this.#popup.active);
      return true;
    }
    if (key === "Tab" && this.#popup.key("ArrowDown")) {
      this.#accept(this.#popup.active);
      return true;
    }
    return this.#popup.key(key);
  }

  #runKey({ key, ctrlKey, altKey, metaKey, shiftKey }) {
    if (key !== "Enter") return false;
    if (altKey) {
      this.insert("\n");
      return true;
    }
    if (!ctrlKey && !metaKey && !shiftKey && !this.#isWhole()) return false;
    this.#close();
    this.#onRun?.(this.value);
    return true;
  }

  /** Enter at the end of a query with no bracket open means that it is done; anywhere else it breaks the line. */
  #isWhole() {
    const rest = this.value.slice(this.#field.selectionEnd);
    return rest.trim() === "" && !openBrackets(this.#tokens).length && !this.#tokens.at(-1)?.open;
  }

  #editKey({ key, ctrlKey, altKey, metaKey }) {
    if (ctrlKey || altKey || metaKey || (key.length !== 1 && key !== "Backspace")) return false;
    const { selectionStart: from, selectionEnd: to } = this.#field;
    const quoted = this.#tokens.some(
      (token) => token.kind === "string" && token.from < from && (from < token.to || token.open),
    );
    const change = edited(key, this.value, from, to, quoted);
    if (!change) return false;
    this.#write(change.from, change.to, change.insert, change.select);
    if (change.insert || key === "Backspace") this.#offer({ asked: false });
    else this.#close();
    return true;
  }

  /** Replaces a part of the text in a way that undo takes back. */
  #write(from, to, text, [start, end]) {
    const field = this.#field;
    field.focus();
    field.setSelectionRange(from, to);
    this.#writing = true;
    try {
      const command = text ? "insertText" : "delete";
      // Nothing else than this old command reaches the field's own history.
      const done = (from === to && !text) || document.execCommand(command, false, text);
      if (!done) {
        field.setRangeText(text, from, to, "end");
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      }
    } finally {
      this.#writing = false;
    }
    field.setSelectionRange(start, end);
  }

  #accept(option) {
    const { from, to } = this.#context;
    const caret = option.caret ?? option.insert.length;
    const at = from + (caret < 0 ? option.insert.length + caret : caret);
    this.#close();
    this.#write(from, to + (option.over ?? 0), option.insert, [at, at]);
    if (option.again) this.#offer({ asked: false, again: true });
  }

  /**
   * Shows what can be written at the caret: what is known at once, and what an API has to be asked for when it comes.
   *
   * @param {{asked: boolean, again?: boolean}} how - whether somebody pressed Ctrl+Space; whether it follows a choice
   */
  async #offer({ asked, again = false }) {
    this.#asked += 1;
    const mine = this.#asked;
    const field = this.#field;
    if (field.selectionStart !== field.selectionEnd) return this.#close();
    const found = this.#language.suggest(this.value, field.selectionStart);
    const inviting = INVITING.includes(found.kind) || found.prefix !== "";
    if (found.kind === "nothing" || !(asked || again || inviting)) return this.#close();
    this.#context = found;
    const show = (options, note) => this.#show(ranked(options, found.prefix), { asked, note });
    if (!found.later) return show(found.now, "");
    let answered = false;
    const pending = found.later(this.#names).then(
      (options) => {
        answered = true;
        const all = found.first ? [...found.now, ...options] : [...options, ...found.now];
        if (mine === this.#asked) show(all, options.length ? "" : "Nothing of this in the time shown.");
      },
      () => {
        answered = true;
        if (mine === this.#asked) show(found.now, "The API did not answer: no names from it for now.");
      },
    );
    // What is kept comes in the same tick: the list need not change under the reader's eyes.
    await Promise.race([pending, new Promise((resolve) => setTimeout(resolve, 60))]);
    if (!answered && mine === this.#asked) show(found.now, "Asking for names…");
    return undefined;
  }

  #show(options, { asked, note }) {
    const { prefix } = this.#context;
    const done = options.length === 1 && options[0].label === prefix && !asked;
    if (document.activeElement !== this.#field || done || (!options.length && (!note || prefix))) return this.#hide();
    this.#popup.show(options, { mark: asked || prefix !== "", note });
    this.#place();
    this.#status.textContent = options.length ? `${options.length} suggestions` : note;
    return undefined;
  }

  #place() {
    if (this.#popup.isOpen) this.#popup.place(placeOf(this.#layer, this.#context.from));
  }

  /** Also what is still on its way is not shown any more. */
  #close() {
    this.#asked += 1;
    this.#hide();
  }

  #hide() {
    if (!this.#popup.isOpen) return;
    this.#popup.close();
    this.#status.textContent = "";
  }
}

function rangeOf(context) {
  const range = context?.time?.range();
  const now = Date.now() / 1000;
  return { from: range?.from ?? now - 3600, to: range?.to ?? now };
}
