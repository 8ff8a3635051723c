/** The row of controls that choose the dashboard's variables. */

import { h, replace, uniqueId } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { ALL, choiceText } from "./variables.js";

/** After so long without a further key what is typed counts. In milliseconds. */
const TYPING_PAUSE = 500;

/** Beyond this a list has a box to search in. */
const SEARCHABLE = 8;

/**
 * @param {HTMLElement} root
 * @param {Array<Object>} variables of the JSON
 * @param {function(Object, string[]): void} onChoose variable and values
 * @returns {{update: function(Object<string, string[]>, Object<string, Array<{value: string, text: string}>>): void,
 *   destroy: function(): void}} update gets what is chosen and what there is, by name
 */
export function variablesBar(root, variables, onChoose) {
  const shown = variables.filter(({ hide }) => hide !== 2);
  const controls = shown.map((variable) => ({
    variable,
    control: controlOf(variable, (values) => onChoose(variable, values)),
  }));
  replace(root, controls.map(({ control }) => control.element));
  return {
    update(chosen, options) {
      for (const { variable, control } of controls) {
        control.update(chosen[variable.name] ?? [], options[variable.name] ?? []);
      }
    },
    destroy() {
      for (const { control } of controls) {
        control.destroy?.();
      }
    },
  };
}

function controlOf(variable, choose) {
  if (variable.type === "textbox") {
    return textBox(variable, choose);
  }
  return variable.multi ? choiceOfMany(variable, choose) : choiceOfOne(variable, choose);
}

function labelled({ name, label, hide, description }, id, control) {
  const words = h(
    "label",
    { for: id, title: description || null, class: hide === 1 ? "visually-hidden" : null },
    label || name,
  );
  return h("div", { class: "variable" }, words, control);
}

function textBox(variable, choose) {
  const id = uniqueId("variable");
  let timer = null;
  const commit = () => {
    clearTimeout(timer);
    choose([box.value]);
  };
  const box = h("input", {
    id,
    type: "search",
    autocomplete: "off",
    spellcheck: "false",
    onchange: commit,
    oninput() {
      clearTimeout(timer);
      timer = setTimeout(commit, TYPING_PAUSE);
    },
  });
  return {
    element: labelled(variable, id, box),
    update([value = ""]) {
      if (document.activeElement !== box && box.value !== value) {
        box.value = value;
      }
    },
    destroy: () => clearTimeout(timer),
  };
}

function choiceOfOne(variable, choose) {
  const id = uniqueId("variable");
  const box = h("select", { id, onchange: () => choose([box.value]) });
  let known = "";
  return {
    element: labelled(variable, id, box),
    update([value], options) {
      const all = options.some((option) => option.value === value) || value === undefined
        ? options
        : [{ value, text: value }, ...options];
      const now = JSON.stringify(all);
      if (now !== known) {
        known = now;
        replace(box, all.map((option) => h("option", { value: option.value }, option.text)));
      }
      box.value = value ?? "";
    },
  };
}

function choiceOfMany(variable, choose) {
  const id = uniqueId("variable");
  const list = uniqueId("choices");
  const text = h("span", { class: "choice-text" });
  const choices = h("div", { class: "choices-list" });
  const search = h("input", {
    type: "search",
    "aria-label": "Search in the choices",
    placeholder: "Search",
    oninput: fill,
  });
  const popover = h(
    "div",
    {
      id: list,
      class: "choices",
      role: "group",
      "aria-label": `${variable.label || variable.name}: choices`,
      hidden: true,
    },
    search,
    choices,
  );
  const button = h(
    "button",
    { id, type: "button", class: "choice", "aria-expanded": "false", "aria-controls": list, onclick: toggle },
    text,
    icon("down"),
  );
  const element = labelled(variable, id, h("div", { class: "choice-anchor" }, button, popover));
  let chosen = [];
  let options = [];

  const outside = (event) => element.contains(event.target) || close();
  const onKey = (event) => {
    if (event.key === "Escape" && !popover.hidden) {
      event.stopPropagation();
      close();
      button.focus();
    }
  };
  element.addEventListener("keydown", onKey);

  function toggle() {
    if (!popover.hidden) {
      close();
      return;
    }
    popover.hidden = false;
    button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", outside);
    search.hidden = options.length <= SEARCHABLE;
    search.value = "";
    fill();
    popover.querySelector("input:not([hidden])")?.focus();
  }

  function close() {
    popover.hidden = true;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside);
  }

  function fill() {
    const wanted = search.value.trim().toLowerCase();
    const found = options.filter((option) => option.text.toLowerCase().includes(wanted));
    replace(choices, found.length ? found.map(row) : h("p", { class: "quiet" }, "Nothing to choose yet."));
  }

  function row(option) {
    const box = h("input", {
      type: "checkbox",
      checked: chosen.includes(option.value),
      onchange: () => pick(option.value, box.checked),
    });
    return h("label", { class: "choice-row" }, box, h("span", null, option.text));
  }

  function pick(value, on) {
    const others = chosen.filter((one) => one !== value && one !== ALL);
    chosen = value === ALL || (!on && others.length === 0 && variable.includeAll)
      ? [ALL]
      : on
      ? [...others, value]
      : others;
    choose(chosen);
    show();
    for (const box of choices.querySelectorAll("input")) {
      box.checked = chosen.includes(options.find(({ text: shown }) => shown === box.nextSibling.textContent)?.value);
    }
  }

  function show() {
    text.textContent = choiceText(chosen, options);
  }

  return {
    element,
    update(nowChosen, nowOptions) {
      const changed = JSON.stringify(nowOptions) !== JSON.stringify(options);
      chosen = nowChosen;
      options = nowOptions;
      show();
      if (changed && !popover.hidden) {
        fill();
      }
    },
    destroy: close,
  };
}
