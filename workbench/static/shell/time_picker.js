/** The time range in the header: which it is, other ones, a step earlier or later, a wider one. */

import { parseRange, QUICK_RANGES, rangeFromText } from "../format/time_range.js";
import { copy } from "../ui/clipboard.js";
import { h, replace, uniqueId } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { popoverButton } from "../ui/popover.js";

/** How far a page looks back at most when it zooms out. In seconds. */
const WIDEST = 30 * 86400;

export class TimePicker {
  #time;
  #text = h("span", { class: "time-text" });
  #later;

  /** @param {import("./time.js").Time} time */
  constructor(time, { announce }) {
    this.#time = time;
    this.announce = announce;
    this.button = popoverButton(
      { class: "button time-button", title: "Time range (t)" },
      [icon("clock"), this.#text, icon("down")],
      ({ close }) => this.#panel(close),
      { label: "Time range", align: "end", focus: ".time-quick[aria-pressed='true']" },
    );
    this.#later = this.#iconButton("forward", "Later", () => this.#move(1));
    this.element = h(
      "div",
      { class: "control-group time-picker", role: "group", "aria-label": "Time range" },
      this.#iconButton("back", "Earlier", () => this.#move(-1)),
      this.button,
      this.#later,
      this.#iconButton("zoomOut", "Wider: twice the time", () => this.#widen()),
    );
    time.onAnyChange(() => this.show());
  }

  /** Shows the range of now. */
  show() {
    const range = this.#time.range();
    this.#text.textContent = range.text;
    this.button.setAttribute("aria-label", `Time range: ${range.text}`);
    this.#later.disabled = this.#time.texts().to === "now";
  }

  open() {
    this.button.click();
  }

  #iconButton(name, label, onclick) {
    return h(
      "button",
      { type: "button", class: "button button-icon", "aria-label": label, title: label, onclick },
      icon(name),
    );
  }

  #choose(range) {
    this.#time.set(range);
    this.announce(this.#time.range().text);
  }

  /** Half a range away; never beyond now, where nothing is. */
  #move(direction) {
    const { from, to } = this.#time.range();
    const now = Date.now() / 1000;
    const step = ((to - from) / 2) * direction;
    const end = Math.min(to + step, now);
    this.#choose({ from: end - (to - from), to: end });
  }

  #widen() {
    const { from, to } = this.#time.range();
    const texts = this.#time.texts();
    const length = Math.min((to - from) * 2, WIDEST);
    if (texts.to === "now") {
      this.#choose({ from: `now-${Math.round(length)}s`.replace(/^now-(\d+)s$/, inLargestUnit), to: "now" });
      return;
    }
    const end = Math.min((from + to) / 2 + length / 2, Date.now() / 1000);
    this.#choose({ from: end - length, to: end });
  }

  #panel(close) {
    const now = Date.now() / 1000;
    const texts = this.#time.texts();
    const quick = QUICK_RANGES.map((range) =>
      h(
        "button",
        {
          type: "button",
          class: "time-quick",
          "aria-pressed": String(range.from === texts.from && range.to === texts.to),
          onclick: () => {
            close();
            this.#choose(range);
          },
        },
        range.text,
      )
    );
    return h(
      "div",
      { class: "time-panel" },
      h("div", { class: "time-quicks", role: "group", "aria-label": "Usual ranges" }, quick),
      this.#form(texts, now, close),
    );
  }

  #form(texts, now, close) {
    const id = uniqueId("time");
    const problem = h("p", { class: "field-error", id: `${id}-problem`, "aria-live": "polite" });
    const inputs = {
      from: timeInput(`${id}-from`, `${id}-problem`, inInput(texts.from, now)),
      to: timeInput(`${id}-to`, `${id}-problem`, inInput(texts.to, now)),
    };
    const read = () => parseRange(inputs.from.value.trim(), inputs.to.value.trim(), Date.now() / 1000);
    const check = () => {
      const range = read();
      for (const [name, input] of Object.entries(inputs)) {
        input.setAttribute("aria-invalid", String(range.field === name));
      }
      replace(problem, range.error ?? "");
      return range;
    };
    const apply = (event) => {
      event.preventDefault();
      const range = check();
      if (range.error) {
        inputs[range.field].focus();
        return;
      }
      close();
      const from = inputs.from.value.trim();
      const to = inputs.to.value.trim();
      this.#choose({ from: from.startsWith("now") ? from : range.from, to: to.startsWith("now") ? to : range.to });
    };
    const paste = (event) => {
      const pasted = rangeFromText(event.clipboardData?.getData("text") ?? "");
      if (pasted) {
        event.preventDefault();
        inputs.from.value = inInput(pasted.from, now);
        inputs.to.value = inInput(pasted.to, now);
        check();
      }
    };
    const range = () => JSON.stringify({ from: texts.from, to: texts.to });
    return h(
      "form",
      { class: "time-form", onsubmit: apply, oninput: check, onpaste: paste, novalidate: true },
      h("div", { class: "field" }, h("label", { for: inputs.from.id }, "From"), inputs.from),
      h("div", { class: "field" }, h("label", { for: inputs.to.id }, "To"), inputs.to),
      problem,
      h(
        "div",
        { class: "time-actions" },
        h("button", { type: "submit", class: "button button-primary" }, "Show this range"),
        h(
          "button",
          { type: "button", class: "button", onclick: () => copy(range(), "The time range") },
          icon("copy"),
          "Copy",
        ),
      ),
      h(
        "p",
        { class: "small quiet" },
        `Write 14:30, 2026-11-21 14:30 or now-2h, in your time zone (${zone()}). `,
        "A range that you copied elsewhere can be pasted into either field.",
      ),
    );
  }
}

function timeInput(id, problem, value) {
  return h("input", {
    class: "input",
    type: "text",
    id,
    value,
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": problem,
  });
}

/** What an input shows: relative text as it is, a moment as somebody would type it. */
function inInput(text, now) {
  if (/^now/.test(text)) {
    return text;
  }
  const range = parseRange(text, "now+100y", now);
  return range.error ? text : asTyped(range.from);
}

function asTyped(seconds) {
  const date = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function zone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** "now-7200s" as people write it: "now-2h". */
function inLargestUnit(_, digits) {
  const seconds = Number(digits);
  const [size, unit] = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]].find(([size]) => seconds % size === 0);
  return `now-${seconds / size}${unit}`;
}
