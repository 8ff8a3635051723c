/**
 * What the parts of a dashboard share: its JSON, what is chosen, the range, its questions, its marks, the ways out of
 * it.
 *
 * Questions are asked once for all panels, and again only when a variable or the length of the range changes.
 */

import { dashboardAddress, exploreAddress, traceAddress } from "../addresses.js";
import { dashboardColour } from "../colours.js";
import { ask } from "../data/http.js";
import { quote } from "../editor/quoting.js";
import { menu } from "../ui/menu.js";
import { addressHere, linksOfClick } from "./data_links.js";
import { chosenOf, parametersForQuestions } from "./variables.js";

/** Points of a line at most: more than a panel has pixels nobody sees. */
const POINTS = 720;
const POINTS_ON_A_PHONE = 240;
const PHONE_WIDTH = 640;

export class Board {
  #context;
  #asked = { key: "", promise: null, controller: null };
  #answer = null;
  #marks = [];

  /**
   * @param {Object} document the dashboard's JSON
   * @param {Object} context of the page
   */
  constructor(document, context) {
    this.document = document;
    this.uid = document.uid;
    this.lab = context.lab;
    this.signal = context.signal;
    this.#context = context;
  }

  get variables() {
    return this.document.templating?.list ?? [];
  }

  /** What is chosen, by a variable's name. */
  get chosen() {
    return chosenOf(this.variables, (name) => this.#context.url.all(name));
  }

  /** The id of the panel that is viewed alone, or null. */
  get single() {
    const id = Number(this.#context.url.get("panel"));
    return Number.isInteger(id) && id > 0 ? id : null;
  }

  viewAlone(id) {
    this.#context.url.set({ panel: id }, { push: true });
    this.onView?.();
  }

  /** The range in unix seconds. */
  range() {
    const { from, to } = this.#context.time.range();
    return { from, to };
  }

  /** The range as it stands in addresses. */
  rangeInAddress() {
    return this.#context.time.texts();
  }

  /** Variables and range, for a link to this same view. */
  viewInAddress() {
    return { variables: this.chosen, ...this.rangeInAddress() };
  }

  /**
   * Everything that the dashboard asks, for the range and the choices of now.
   *
   * @returns {Promise<{panels: Object, variables: Object, annotations: Object, words: Object}>}
   */
  questions() {
    const { from, to } = this.range();
    const params = {
      range: Math.max(Math.round(to - from), 1),
      points: innerWidth < PHONE_WIDTH ? POINTS_ON_A_PHONE : POINTS,
      ...parametersForQuestions(this.chosen),
    };
    const key = JSON.stringify(params);
    if (key !== this.#asked.key) {
      const promise = ask(`/api/dashboards/${encodeURIComponent(this.uid)}/questions`, { params, signal: this.signal });
      this.#asked = { key, promise };
      promise.then(
        (answer) => this.#asked.promise === promise && (this.#answer = answer),
        // Whoever asks next asks again.
        () => this.#asked.promise === promise && (this.#asked = { key: "", promise: null }),
      );
    }
    return this.#asked.promise;
  }

  async questionsOf(panel) {
    return (await this.questions()).panels[panel.id] ?? [];
  }

  /** A title or an address with the dashboard's variables filled in. */
  words(text = "") {
    // Until the values are known a title goes without them.
    return this.#answer === null ? text.replace(/[\s,]*\$\{[^}]*\}/g, "") : (this.#answer.words[text] ?? text);
  }

  /** Moments to mark on graphs. */
  annotations() {
    return this.#marks;
  }

  setAnnotations(marks) {
    this.#marks = marks;
  }

  /** A link of the JSON as one of ours, with the range where it keeps it; null where it leads nowhere. */
  addressOf({ url, keepTime }) {
    const link = addressHere(this.words(url));
    if (link === null || link.outside || !keepTime) {
      return link?.href ?? null;
    }
    const address = new URL(link.href, location.origin);
    for (const [name, value] of Object.entries(this.rangeInAddress())) {
      address.searchParams.set(name, value);
    }
    return address.pathname + address.search;
  }

  /** Another dashboard in the same range. */
  addressOfDashboard(uid) {
    return dashboardAddress(uid, this.rangeInAddress());
  }

  /** What drawings of panels may use. */
  toolsOf(panel) {
    const { time, navigate, announce } = this.#context;
    return {
      context: this.#context,
      navigate,
      announce,
      colourOf: dashboardColour,
      syncKey: this.uid,
      words: (text) => this.words(text),
      rangeInAddress: () => this.rangeInAddress(),
      zoom: (from, to) => time.set({ from, to }),
      linksOf: (links, click) => this.#linksOf(links, click),
      onSeries: (series, event, at = {}) => this.#openLinks(series, event, at),
      onExemplar: (exemplar, event, anchor) => this.#openExemplar(panel, exemplar, anchor ?? event.currentTarget),
    };
  }

  #linksOf(links, click) {
    return linksOfClick(
      links,
      { ...click, range: { ...this.range(), text: this.rangeInAddress() } },
      this.#answer?.words,
    );
  }

  #openLinks({ links, name, labels, value }, event, { time, value: there, anchor } = {}) {
    const found = this.#linksOf(links, { value: there ?? value, time, name, labels });
    if (found.length > 0) {
      menu(
        anchor ?? pointOf(event),
        found.map(({ title, href, outside }) => ({ text: title, href, external: outside })),
        { label: name || "Links" },
      );
    }
  }

  #openExemplar(panel, { traceId, labels = {} }, anchor) {
    const alike = labels.service
      ? `{ resource.service.name = ${quote(labels.service)} && kind = server }`
      : null;
    menu(
      anchor,
      [
        traceId ? { text: "Open its trace", hint: traceId, href: traceAddress(traceId) } : null,
        alike
          ? {
            text: "Find requests like it",
            href: exploreAddress([{ source: "tempo", query: alike }], this.rangeInAddress()),
          }
          : null,
      ],
      { label: `A request in ${this.words(panel.title)}` },
    );
  }
}

/** Where a click was, for a menu that has no element to stand beside. */
function pointOf(event) {
  const box = event?.currentTarget?.getBoundingClientRect?.() ?? event?.target?.getBoundingClientRect?.();
  const pointed = event?.clientX || event?.clientY;
  return pointed ? { x: event.clientX, y: event.clientY } : { x: box?.left ?? 0, y: box?.bottom ?? 0 };
}
