/** The header: which page it is, and the tools that all pages share. */

import { faultsAddress, PAGES } from "../addresses.js";
import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menuButton } from "../ui/menu.js";
import { announce } from "./announce.js";
import { HealthIndicator } from "./health_indicator.js";
import { openMarkDialog } from "./mark_dialog.js";
import { RefreshControl } from "./refresh_control.js";
import { openShortcutsDialog } from "./shortcuts_dialog.js";
import { setTheme, theme, THEMES } from "./theme.js";
import { TimePicker } from "./time_picker.js";

export class Header {
  #lab;
  #time;
  #keyboard;
  #nav;
  #picker;
  #refresh;
  #grafana = h("a", {
    class: "button button-quiet grafana-link",
    target: "_blank",
    rel: "noopener noreferrer",
    hidden: true,
  });

  /**
   * @param {{nav: HTMLElement, tools: HTMLElement}} parts of skeleton.js
   * @param {{lab: Object, time: import("./time.js").Time, keyboard: import("./keyboard.js").Keyboard}} options
   */
  constructor({ nav, tools }, { lab, time, keyboard }) {
    this.#lab = lab;
    this.#time = time;
    this.#keyboard = keyboard;
    this.#nav = nav;
    this.#picker = new TimePicker(time, { announce });
    this.#refresh = new RefreshControl(time);
    replace(this.#grafana, "Open in Grafana", icon("external"));
    const more = menuButton(
      { class: "button button-quiet button-icon more", "aria-label": "More: theme, shortcuts" },
      icon("more"),
      () => this.#more(),
      { label: "More", align: "end" },
    );
    const health = new HealthIndicator({ announce });
    replace(tools, this.#grafana, health.element, this.#picker.element, this.#refresh.element, more);
    time.onAnyChange(() => this.#carryRange());
  }

  /**
   * Shows which page it is.
   *
   * @param {{name: string|null, usesTime: boolean|null}} page usesTime null: not known yet, the tools stay as they are
   */
  show({ name, usesTime }) {
    for (const link of this.#nav.querySelectorAll("a")) {
      const page = pageOf(link);
      if (page && page.name === name) {
        link.setAttribute("aria-current", "page");
      } else {
        link.removeAttribute("aria-current");
      }
    }
    this.openInGrafana(null);
    if (usesTime !== null) {
      // What does not change with time has nothing to refresh.
      this.#picker.element.hidden = !usesTime;
      this.#refresh.element.hidden = !usesTime;
      this.#picker.show();
      this.#refresh.show();
    }
    this.#carryRange();
  }

  /** The link to the same thing in Grafana; null: there is none. */
  openInGrafana(address) {
    this.#grafana.hidden = !address || !this.#lab.grafanaUrl;
    if (address) {
      this.#grafana.href = address;
    }
  }

  /** An address of the navigation that takes along the range that somebody chose. */
  addressWithRange(path) {
    if (!this.#time.chosen) {
      return path;
    }
    const { from, to } = this.#time.texts();
    return `${path}?${new URLSearchParams({ from, to })}`;
  }

  openTime() {
    if (!this.#picker.element.hidden) {
      this.#picker.open();
    }
  }

  openShortcuts() {
    openShortcutsDialog(this.#keyboard);
  }

  openMark() {
    if (!this.#lab.readOnly) {
      openMarkDialog(this.#lab, () => this.#time.refresh());
    }
  }

  #carryRange() {
    for (const link of this.#nav.querySelectorAll("a")) {
      const page = pageOf(link);
      if (page) {
        link.setAttribute("href", this.addressWithRange(page.path));
      }
    }
  }

  #more() {
    const now = theme();
    return [
      this.#lab.readOnly ? null : { text: "Mark a moment…", icon: icon("flag"), onSelect: () => this.openMark() },
      // Quiet on purpose: who learns here has no business there.
      { text: "Faults, for instructors", icon: icon("switch"), href: faultsAddress() },
      { text: "Keyboard shortcuts", icon: icon("keyboard"), onSelect: () => this.openShortcuts() },
      { heading: "Theme" },
      ...THEMES.map(({ id, text }) => ({ text, checked: id === now, onSelect: () => setTheme(id) })),
      {
        heading: `Glasshouse ${this.#lab.version}, ${this.#lab.stack} stack${this.#lab.readOnly ? ", read-only" : ""}`,
      },
    ];
  }
}

function pageOf(link) {
  const path = new URL(link.href).pathname;
  return PAGES.find((page) => page.path === path);
}
