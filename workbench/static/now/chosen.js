/** What is chosen in the address, a service or a call between two, and the panel about it: the same on Now and Map. */

import { signalsPanel } from "./panel.js";

/** The `call` of an address, `client,server`, as a pair; null if it is none. */
export function callIn(text) {
  const comma = text?.indexOf(",") ?? -1;
  return comma > 0 ? [text.slice(0, comma), text.slice(comma + 1)] : null;
}

/** @returns {{service: string|null, call: [string, string]|null}} */
export const chosenIn = (url) => ({ service: url.get("service"), call: callIn(url.get("call")) });

/**
 * The panel of what is chosen, which opens, changes and closes with the address.
 *
 * @param {object} context of the page
 * @param {{place: Element, onClose: () => void, onUnknown?: () => void}} options
 *   `onUnknown`: a panel opens, and nothing was found out yet that it could show
 * @returns {{isOpen: () => boolean, show: (isChosen: boolean) => void, update: (facts: object) => void,
 *     refresh: (reason: string) => void, destroy: () => void}}
 *     `show` after the address changed; `isChosen`: somebody chose it, and is led there
 */
export function chosenPanel(context, { place, onClose, onUnknown = () => {} }) {
  let panel = null;
  let key = "";
  let facts = null;
  return {
    isOpen: () => key !== "",
    show(isChosen) {
      const { service, call } = chosenIn(context.url);
      const next = service !== null || call ? JSON.stringify([service, call]) : "";
      if (next === key) return;
      key = next;
      panel?.destroy();
      panel = null;
      if (key === "") return;
      panel = signalsPanel(context, { service, call, onClose });
      place.append(panel.element);
      if (facts) panel.update(facts);
      else onUnknown();
      if (isChosen) panel.focus();
    },
    update(found) {
      facts = found;
      panel?.update(found);
    },
    refresh: (reason) => panel?.refresh(reason),
    destroy: () => panel?.destroy(),
  };
}
