/** Alerts that fire or wait to, with where to look first; and what was delivered of them. */

import { exploreAddress, serviceAddress } from "../addresses.js";
import { ask } from "../data/http.js";
import { ago, clock, duration } from "../format/time.js";
import { fromGrafana } from "../grafana_addresses.js";
import { statusIcon } from "../graph/status_shape.js";
import { h, replace } from "../ui/dom.js";
import { showing } from "../ui/states.js";
import { measured } from "./measured.js";
import { section } from "./section.js";

const MOST_NOTIFICATIONS = 5;
/** Of so many alerts the advice is seen at once; of the others it is one press away. */
const ADVISED = 2;

/** @returns {{element: HTMLElement, update: (alerts: object[], known: boolean) => void, refresh: () => void}} */
export function alertsSection({ lab, signal }) {
  const { element, body } = section("Alerts");
  const list = h("div", { class: "alert-list" });
  const inbox = h("div", {});
  body.append(list, inbox);
  const notifications = lab.alertInbox
    ? showing(inbox, notificationsOf, renderNotifications, { label: "Asking the alert inbox", signal })
    : null;
  let shown = "";
  const opened = new Map();
  return {
    element,
    update(alerts, isKnown) {
      // Minutes go by without anything else being different.
      const key = JSON.stringify([alerts, isKnown, Math.floor(Date.now() / 15_000)]);
      if (key === shown) return;
      shown = key;
      keepingOpen(list, () =>
        replace(
          list,
          alerts.length > 0 ? alerts.map((alert, i) => alertOf(alert, i < ADVISED, opened)) : nothing(isKnown),
        ),
      );
    },
    refresh: () => notifications?.refresh(),
  };

  async function notificationsOf(aborted) {
    const answer = await ask("/api/alert_inbox/api/notifications", {
      params: { limit: MOST_NOTIFICATIONS },
      signal: aborted,
    });
    return answer.notifications ?? [];
  }
}

function nothing(isKnown) {
  return h(
    "p",
    { class: "quiet" },
    isKnown
      ? "No alert fires and none is about to. Rules are evaluated every few seconds."
      : "Alerts are only known of now: choose a range that ends now to see them.",
  );
}

/** @param {Map<string, boolean>} opened  what the reader has opened or closed, by alert */
function alertOf(alert, isAdvised, opened) {
  const key = JSON.stringify(alert.labels);
  const isFiring = alert.state === "firing";
  const status = isFiring && alert.severity === "page" ? "bad" : "warning";
  const dashboard = alert.dashboardUrl ? fromGrafana(alert.dashboardUrl) : null;
  const range = { from: alert.since - 600, to: "now" };
  return h(
    "article",
    { class: "alert", "data-status": status },
    statusIcon(status, 16),
    h(
      "div",
      {},
      h("h3", {}, alert.summary || alert.name),
      h(
        "p",
        { class: "alert-facts" },
        [
          h("b", {}, alert.name),
          isFiring ? "fires" : "waits to be sure",
          `since ${clock(alert.since)} (${duration(Math.max(1, Math.round(Date.now() / 1000 - alert.since)))})`,
          alert.severity ? `severity ${alert.severity}` : null,
        ]
          .filter(Boolean)
          .flatMap((part, i) => (i === 0 ? [part] : [" · ", part])),
      ),
      h(
        "details",
        { open: opened.get(key) ?? isAdvised, ontoggle: (event) => opened.set(key, event.target.open) },
        h("summary", {}, "Where to look first"),
        h("p", {}, alert.lookFirst || alert.description || "The rule does not say."),
      ),
      h(
        "p",
        { class: "alert-links" },
        alert.service ? h("a", { href: serviceAddress(alert.service) }, `Signals of ${alert.service}`) : null,
        dashboard ? h("a", { href: dashboard }, "Dashboard") : null,
        alert.query
          ? h(
              "a",
              { href: exploreAddress([{ source: "prometheus", query: leftSide(alert.query) }], { from: range.from }) },
              "Its series in Explore",
            )
          : null,
        alert.query
          ? measured(() => [{ title: alert.name, tells: alert.description || alert.summary, expr: alert.query }], {
              about: alert.name,
            })
          : null,
      ),
    ),
  );
}

/** Of "series > 5" the series: what is compared says more as a graph than what is left of the comparison. */
function leftSide(query) {
  const simple = /^\s*([a-zA-Z_:][\w:]*(?:\{[^{}]*\})?)\s*[<>]=?\s*[\d.]+\s*$/.exec(query);
  return simple ? simple[1] : query;
}

function renderNotifications(notifications, content) {
  replace(
    content,
    h("h3", { class: "now-subhead" }, "Delivered by Alertmanager"),
    notifications.length === 0
      ? h("p", { class: "quiet" }, "Nothing was delivered yet.")
      : h("ul", { class: "notification-list" }, notifications.map(notificationOf)),
  );
}

function notificationOf({ receivedAt, status, alerts = [] }) {
  const at = Date.parse(receivedAt) / 1000;
  const first = alerts[0] ?? {};
  const text = first.annotations?.summary ?? first.labels?.alertname ?? "";
  const more = alerts.length > 1 ? ` and ${alerts.length - 1} more` : "";
  return h(
    "li",
    {},
    h("time", { title: clock(at) }, ago(at)),
    ` ${status === "resolved" ? "over" : "fires"}: ${text}${more}`,
  );
}

/** The list is made anew; what has the focus or is open stays so. */
function keepingOpen(list, change) {
  const holds = list.contains(document.activeElement) || list.querySelector(":popover-open");
  if (!holds) change();
}
