/** Shortcuts: single keys, and two keys one after the other. Never while somebody types. */

/** The second key has to come within this. In milliseconds. */
const PATIENCE_MS = 1200;

const TYPING =
  "input, textarea, select, [contenteditable]:not([contenteditable='false']), [role='combobox'], [role='textbox']";

export class Keyboard {
  #shortcuts = new Map();
  #first = "";
  #timer = null;

  start() {
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /**
   * @param {string} keys "r", "?", "g n"
   * @param {string} text what it does: "Refresh"
   * @param {function(): void} act
   * @param {string} group a heading of the sheet
   * @returns {function(): void} ends it
   */
  add(keys, text, act, group = "Anywhere") {
    const shortcut = { keys, text, act, group };
    this.#shortcuts.set(keys, shortcut);
    return () => this.#shortcuts.get(keys) === shortcut && this.#shortcuts.delete(keys);
  }

  /** All of them: [{keys, text, group}]. */
  list() {
    return [...this.#shortcuts.values()];
  }

  #pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) {
      return;
    }
    if (event.key.length !== 1 || event.target?.closest?.(TYPING) || document.querySelector("dialog[open]")) {
      return;
    }
    const keys = this.#first ? `${this.#first} ${event.key}` : event.key;
    this.#forget();
    const shortcut = this.#shortcuts.get(keys) ?? this.#shortcuts.get(event.key);
    if (shortcut) {
      event.preventDefault();
      shortcut.act();
    } else if (this.#begins(event.key)) {
      this.#first = event.key;
      this.#timer = setTimeout(() => this.#forget(), PATIENCE_MS);
    }
  }

  #begins(key) {
    return [...this.#shortcuts.keys()].some((keys) => keys.startsWith(`${key} `));
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#first = "";
  }
}
