/** The header: which page it is, and the tools that all pages share. */

import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

export class Header {
  navigate = () => {};
  #parts;
  #time;
  #grafana;

  constructor(parts, { lab, url, time, keyboard }) {
    this.#parts = parts;
    this.#time = time;
    this.#grafana = h("span", { class: "grafana-slot" });
    const range = h("span", { class: "range-text" });
    const refresh = h("button", { type: "button", class: "button", onclick: () => time.refresh() }, icon("refresh"), "Refresh");
    replace(parts.tools, this.#grafana, range, refresh);
    time.onAnyChange(() => replace(range, time.range().text));
    this.range = range;
  }

  show({ name, usesTime }) {
    for (const link of this.#parts.nav.querySelectorAll("a")) {
      const current = link.getAttribute("href") === (name === "now" ? "/" : `/${name}`);
      current ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
    }
    replace(this.range, usesTime ? this.#time.range().text : "");
    this.openInGrafana(null);
  }

  openInGrafana(address) {
    replace(this.#grafana, address ? h("a", { href: address, target: "_blank", rel: "noopener" }, "Open in Grafana") : null);
  }

  addressWithRange(path) {
    return path;
  }

  openTime() {}

  openShortcuts() {}
}
