/** An input with a list of choices that narrows while one types. ARIA's combobox pattern with a listbox. */

import { h, replace, uniqueId } from "./dom.js";
import { follow } from "./floating.js";

/** Past this the list says that it was cut. */
const MOST_OPTIONS = 200;

/**
 * @param {HTMLElement} root
 * @param {{label: string, value?: string, options: Array<Option>|function(string, AbortSignal): Promise<Array<Option>>,
 *   onSelect: function(string): void, free?: boolean, placeholder?: string, hideLabel?: boolean}} options
 *   an Option is a text or {value, text?, hint?}; a function is asked at each change of the text; free: what is typed
 *   is
 *   a value too
 * @returns {{value: string, focus: function(), update: function(Object), destroy: function()}}
 */
export function combobox(root, options) {
  let settings = { value: "", free: false, placeholder: "", hideLabel: false, ...options };
  const id = uniqueId("combobox");
  let shown = [];
  let active = -1;
  let unfollow = null;
  let asking = null;

  const list = h("ul", { class: "listbox floating", role: "listbox", id: `${id}-list`, "aria-label": settings.label });
  const input = h("input", {
    class: "input combobox-input",
    id,
    type: "text",
    role: "combobox",
    value: settings.value,
    placeholder: settings.placeholder,
    autocomplete: "off",
    spellcheck: "false",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": `${id}-list`,
    oninput: () => open(input.value),
    onclick: () => (isOpen() ? null : open("")),
    onkeydown: pressed,
    onblur: () => leave(),
  });
  const label = h("label", { for: id, class: settings.hideLabel ? "visually-hidden" : null }, settings.label);
  replace(root, h("div", { class: "field combobox" }, label, input));

  const isOpen = () => list.isConnected;

  async function open(text) {
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    let found;
    try {
      found = typeof settings.options === "function" ? await settings.options(text, mine.signal) : matching(text);
    } catch (error) {
      if (!mine.signal.aborted) {
        show([], error.message);
      }
      return;
    }
    if (!mine.signal.aborted) {
      show(found.map(optionOf));
    }
  }

  function matching(text) {
    const wanted = text.trim().toLowerCase();
    return settings.options.filter((option) => {
      const { value, text: name } = optionOf(option);
      return `${value} ${name}`.toLowerCase().includes(wanted);
    });
  }

  function show(found, problem = null) {
    if (!input.isConnected) {
      return;
    }
    shown = found.slice(0, MOST_OPTIONS);
    const rows = shown.map(({ value, text, hint }, index) =>
      h(
        "li",
        {
          class: "listbox-option",
          role: "option",
          id: `${id}-${index}`,
          "aria-selected": value === settings.value,
          // Before the input loses the focus.
          onpointerdown: (event) => {
            event.preventDefault();
            choose(index);
          },
        },
        h("span", {}, text),
        hint ? h("span", { class: "menu-hint" }, hint) : null,
      )
    );
    const left = found.length - shown.length;
    const note = problem ?? (left > 0 ? `${left} more: type to narrow` : found.length === 0 ? "Nothing fits" : null);
    replace(list, rows, note ? h("li", { class: "listbox-note", role: "presentation" }, note) : null);
    if (!isOpen()) {
      (input.closest("dialog[open]") ?? document.body).append(list);
      unfollow = follow(list, input);
    }
    list.style.minWidth = `${input.offsetWidth}px`;
    input.setAttribute("aria-expanded", "true");
    mark(shown.findIndex(({ value }) => value === settings.value));
  }

  function close() {
    asking?.abort();
    unfollow?.();
    unfollow = null;
    list.remove();
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(index) {
    list.children[active]?.classList?.remove("active");
    active = index;
    if (index < 0) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    const row = list.children[index];
    row.classList.add("active");
    row.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", row.id);
  }

  function choose(index) {
    take(shown[index].value);
    close();
  }

  function take(value) {
    input.value = textOf(value);
    if (value !== settings.value) {
      settings.value = value;
      settings.onSelect(value);
    }
  }

  function textOf(value) {
    if (typeof settings.options === "function") {
      return value;
    }
    return settings.options.map(optionOf).find((option) => option.value === value)?.text ?? value;
  }

  function pressed(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen()) {
        open("");
      } else if (shown.length > 0) {
        const step = event.key === "ArrowDown" ? 1 : -1;
        mark((active + step + shown.length + (active < 0 && step < 0 ? 1 : 0)) % shown.length);
      }
    } else if (event.key === "Enter" && isOpen()) {
      event.preventDefault();
      if (active >= 0) {
        choose(active);
      } else if (settings.free) {
        take(input.value);
        close();
      } else if (shown.length === 1) {
        choose(0);
      }
    } else if (event.key === "Enter" && settings.free) {
      take(input.value);
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      event.stopPropagation();
      input.value = textOf(settings.value);
      close();
    }
  }

  function leave() {
    close();
    if (settings.free) {
      take(input.value);
    } else {
      input.value = textOf(settings.value);
    }
  }

  input.value = textOf(settings.value);
  return {
    get value() {
      return settings.value;
    },
    focus: () => input.focus(),
    update(changes) {
      settings = { ...settings, ...changes };
      if (document.activeElement !== input) {
        input.value = textOf(settings.value);
      }
    },
    destroy: close,
  };
}

function optionOf(option) {
  return typeof option === "string" ? { value: option, text: option } : { text: option.value, ...option };
}
