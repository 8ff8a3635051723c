/** The start of the workbench in the browser: puts the parts of the shell together. */

import { knowSystems } from "./colours.js";
import { labInPage } from "./data/lab.js";
import { announce } from "./shell/announce.js";
import { watchErrors } from "./shell/error_watch.js";
import { Header } from "./shell/header.js";
import { Keyboard } from "./shell/keyboard.js";
import { addShortcuts } from "./shell/shortcuts.js";
import { skeleton } from "./shell/skeleton.js";
import { Router } from "./shell/router.js";
import { Time } from "./shell/time.js";
import { UrlState } from "./shell/url_state.js";

const lab = labInPage();
knowSystems(lab.systems);
const parts = skeleton();
const url = new UrlState();
const time = new Time(url);
const keyboard = new Keyboard();
const header = new Header(parts, { lab, time, keyboard });

const router = new Router(parts.page, {
  url,
  onPage: ({ name, module }) => {
    if (module !== null) {
      time.setDefaults({ ...module.defaultRange, refresh: module.defaultRefresh ?? 0 });
    }
    // A page with two faces says for each address whether it has a time range.
    const usesTime = typeof module?.usesTime === "function" ? module.usesTime(url.path) : module?.usesTime;
    header.show({ name, usesTime: usesTime ?? null });
  },
  contextFor: ({ signal }) => ({
    lab,
    url,
    time: forPage(time, signal),
    signal,
    announce,
    navigate: (address) => router.navigate(address),
    setTitle: (text) => {
      document.title = text ? `${text} · Glasshouse` : "Glasshouse";
    },
    openInGrafana: (address) => header.openInGrafana(address),
    shortcut: (keys, text, act) => {
      const end = keyboard.add(keys, text, act, "On this page");
      signal.addEventListener("abort", end, { once: true });
    },
  }),
});

addShortcuts(keyboard, { header, time, navigate: (address) => router.navigate(address), page: parts.page });
keyboard.start();
watchErrors(() => router.reload());
router.start();

/** What a page registered and forgot ends with the page. */
function forPage(model, signal) {
  return {
    range: () => model.range(),
    texts: () => model.texts(),
    set: (range) => model.set(range),
    refresh: () => model.refresh(),
    setDefaults: (defaults) => model.setDefaults(defaults),
    setRefresh: (seconds) => model.setRefresh(seconds),
    get chosen() {
      return model.chosen;
    },
    get refreshSeconds() {
      return model.refreshSeconds;
    },
    onChange: (fn) => {
      const end = model.onChange(fn);
      signal.addEventListener("abort", end, { once: true });
      return end;
    },
  };
}
