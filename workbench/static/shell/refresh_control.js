/** Refreshing: now, or every so often; and when the page last heard something. */

import { lastAnswerOfAny } from "../data/health.js";
import { ago, clock } from "../format/time.js";
import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menuButton } from "../ui/menu.js";

const CHOICES = [
  [0, "Off"],
  [5, "5 s"],
  [10, "10 s"],
  [30, "30 s"],
  [60, "1 min"],
  [300, "5 min"],
];

export class RefreshControl {
  #time;
  #setting = h("span", {});
  #updated = h("span", { class: "updated" });

  /** @param {import("./time.js").Time} time */
  constructor(time) {
    this.#time = time;
    const now = h(
      "button",
      {
        type: "button",
        class: "button button-icon",
        "aria-label": "Refresh",
        title: "Refresh (r)",
        onclick: () => time.refresh(),
      },
      icon("refresh"),
    );
    this.setting = menuButton(
      { class: "button refresh-setting", title: "How often this page refreshes by itself" },
      [this.#setting, icon("down")],
      () => this.#choices(),
      { label: "Refresh by itself", align: "end" },
    );
    this.element = h(
      "div",
      { class: "control-group refresh", role: "group", "aria-label": "Refresh" },
      this.#updated,
      now,
      this.setting,
    );
    time.onAnyChange(() => this.show());
    setInterval(() => document.hidden || this.#showUpdated(), 1000);
  }

  show() {
    const seconds = this.#time.refreshSeconds;
    const text = nameOf(seconds);
    this.#setting.textContent = text;
    this.setting.setAttribute("aria-label", seconds ? `Refreshes every ${text}` : "Does not refresh by itself");
    this.#showUpdated();
  }

  #showUpdated() {
    const last = lastAnswerOfAny();
    const { backingOff } = this.#time;
    let text = "";
    if (last !== null) {
      // On the second while it lives; a page at rest says when that was.
      const fresh = Date.now() / 1000 - last < Math.max(this.#time.refreshSeconds * 2, 10);
      text = fresh ? `Updated ${clock(last)}` : `Updated ${ago(last)}`;
    }
    if (backingOff) {
      text = last === null ? "No answer yet" : `No answer since ${clock(last)}`;
    }
    if (this.#updated.textContent !== text) {
      this.#updated.textContent = text;
    }
  }

  #choices() {
    const now = this.#time.refreshSeconds;
    const choices = CHOICES.some(([seconds]) => seconds === now) ? CHOICES : [...CHOICES, [now, nameOf(now)]];
    return [
      { heading: "Refresh by itself" },
      ...choices.map(([seconds, text]) => ({
        text: seconds === 0 ? text : `Every ${text}`,
        checked: seconds === now,
        onSelect: () => this.#time.setRefresh(seconds),
      })),
    ];
  }
}

function nameOf(seconds) {
  return CHOICES.find(([choice]) => choice === seconds)?.[1] ?? `${seconds} s`;
}
