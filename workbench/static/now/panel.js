/**
 * What a service or a call does: three charts, its log lines, its slowest and its failed traces. It opens under the map
 * when a node or an arrow is chosen.
 */

import { dashboardAddress, exploreAddress, logsAddress, mapAddress, traceAddress } from "../addresses.js";
import { timeSeries } from "../chart/time_series.js";
import { rangeKeeper } from "../data/incremental.js";
import { exemplars, queryRange } from "../data/prometheus.js";
import { search } from "../data/tempo.js";
import { clock } from "../format/time.js";
import { WORLD } from "../graph/service_graph.js";
import { statusIcon } from "../graph/status_shape.js";
import { traceList } from "../trace/list.js";
import { h, replace, uniqueId } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menu } from "../ui/menu.js";
import { emptyState, showing } from "../ui/states.js";
import { logLines } from "./errors.js";
import { measured } from "./measured.js";
import { questionsOfCall, questionsOfService } from "./panel_questions.js";
import { section, stepFor } from "./section.js";

const POINTS = 180;
const CHART_HEIGHT = 180;
const MOST_LINES = 60;
const MOST_TRACES = 5;
/** Tempo finds the newest, not the slowest: of this many the slowest are taken. */
const SEARCHED = 100;
/** Searching costs more than a number, and a trace is not gone within seconds. In milliseconds. */
const SEARCH_PAUSE = 14_000;

/**
 * @param {object} context  of the page
 * @param {{service?: string, call?: [string, string], onClose: () => void}} options
 * @returns {{element: HTMLElement, update: (facts: object) => void, refresh: (reason: string) => void,
 *     focus: () => void, destroy: () => void}}
 *     `update` is told what the last round of questions found
 */
export function signalsPanel(context, { service = null, call = null, onClose }) {
  const questions = service === null ? questionsOfCall(...call) : questionsOfService(service);
  // Where slow begins: at the p95, or anywhere as long as that is not known.
  let p95;
  const ends = new AbortController();
  const inside = { ...context, signal: AbortSignal.any([context.signal, ends.signal]) };
  const id = uniqueId("signals");
  const sign = h("span", { class: "now-sign", "aria-hidden": "true" });
  const heading = h("h2", { id, tabindex: "-1" }, service ?? `${name(call[0])} → ${call[1]}`);
  const state = h("p", { class: "signals-state" });
  const alerts = h("ul", { class: "signals-alerts", "aria-label": "Alerts" });
  const close = h(
    "button",
    { type: "button", class: "button button-quiet button-icon", "aria-label": "Close", onclick: onClose },
    icon("close"),
  );
  const charts = questions.charts.map((question) => chartOf(question, inside));
  const slow = tracesOf("Slowest requests", inside, () => questions.slow(p95 ?? 0), {
    sortByDuration: true,
    empty: "No request in this range.",
  });
  const failed = tracesOf("Failed requests", inside, () => questions.failed, { empty: "None failed in this range." });
  const lines = section(
    service === null ? "Errors and warnings of both" : "Log lines",
    h("a", { href: logsAddress({ query: questions.lines }) }, "All in Logs"),
  );
  const list = logLines(lines.body, inside, () => questions.lines, {
    label: "Log lines",
    empty: () => emptyState("No such line in this range."),
    maxHeight: 300,
    most: MOST_LINES,
    signal: inside.signal,
    hideService: service !== null,
  });
  const element = h(
    "section",
    {
      class: "signals",
      "aria-labelledby": id,
      onkeydown: (event) => event.key === "Escape" && !event.defaultPrevented && onClose(),
    },
    h(
      "div",
      { class: "signals-head" },
      h("div", {}, h("div", { class: "signals-title" }, sign, heading), state, alerts),
      linksOf(service, call, context.lab),
      close,
    ),
    h(
      "div",
      { class: "signals-charts" },
      charts.map(({ element }) => element),
    ),
    h("div", { class: "signals-traces" }, slow.element, failed.element),
    lines.element,
  );
  const all = [...charts, slow, failed, list];
  return {
    element,
    update(facts) {
      const found =
        service === null
          ? (facts.systems
              .flatMap((system) => system.calls)
              .find(({ client, server }) => client === call[0] && server === call[1]) ??
            facts.calls.find(({ client, server }) => client === call[0] && server === call[1]))
          : facts.systems.flatMap((system) => system.nodes).find((node) => node.id === service)?.facts;
      const known = found?.state ?? { status: "unknown", word: "no data", reason: "" };
      p95 = found?.numbers?.p95 ?? found?.p95;
      element.dataset.status = known.status;
      sign.replaceChildren(statusIcon(known.status, 18));
      showAlerts(alerts, found?.alerts ?? []);
      const isTold = !known.reason || found?.alerts?.length > 0;
      const text = isTold ? known.word : `${known.word}: ${known.reason}`;
      if (state.textContent !== text) state.textContent = text;
    },
    refresh: (reason) => all.forEach((part) => part.refresh(reason)),
    focus() {
      heading.focus({ preventScroll: true });
      const behaviour = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
      if (element.getBoundingClientRect().top > innerHeight * 0.6)
        element.scrollIntoView({ block: "start", behavior: behaviour });
    },
    destroy() {
      ends.abort();
      all.forEach((part) => part.destroy?.());
      element.remove();
    },
  };
}

/** What is active about it; all that is to be said of them stands in the page's list of alerts. */
function showAlerts(list, alerts) {
  const key = JSON.stringify(alerts.map(({ labels, state, summary }) => [labels, state, summary]));
  if (list.dataset.shown === key) return;
  list.dataset.shown = key;
  replace(
    list,
    alerts.map((alert) => {
      const status = alert.state === "firing" && alert.severity === "page" ? "bad" : "warning";
      const verb = alert.state === "firing" ? "fires" : "waits to be sure";
      return h("li", {}, statusIcon(status), `${alert.name} ${verb} since ${clock(alert.since)}: ${alert.summary}`);
    }),
  );
}

function name(client) {
  return client === WORLD ? "visitors" : client;
}

function linksOf(service, call, lab) {
  const about = service ?? call[1];
  const system = lab.systems.find(({ services }) => services.some((one) => one.name === about));
  const board = lab.dashboards.find(({ uid }) => system && uid === `${system.name}-${about}`);
  const example = system?.services.find((one) => one.name === about);
  return h(
    "p",
    { class: "signals-links" },
    board
      ? h("a", { href: dashboardAddress(board.uid) }, service === null ? `Dashboard of ${about}` : "Dashboard")
      : null,
    h("a", { href: mapAddress({ focus: about }) }, "On the map"),
    service !== null && example?.example
      ? h("a", { href: example.address + example.example, target: "_blank", rel: "noopener" }, "Send it a request")
      : null,
  );
}

function chartOf(question, context) {
  const { lab, time, signal } = context;
  const explore = () =>
    exploreAddress(
      question.queries.slice(0, 1).map(({ expr }) => ({ source: "prometheus", query: expr, view: "graph" })),
      time.texts(),
    );
  const link = h("a", { href: explore(), onclick: () => link.setAttribute("href", explore()) }, "Explore");
  const { element, body } = section(
    question.title,
    measured(
      () =>
        question.queries.map(({ expr, name: title }) => ({
          title: question.queries.length > 1 ? title : question.title,
          tells: question.tells,
          expr,
        })),
      { text: "Measured", about: question.title },
    ),
    link,
  );
  const keepers = question.queries.map(() => rangeKeeper(queryRange));
  let chart = null;
  const shown = showing(
    body,
    async (aborted) => {
      const range = time.range();
      const asked = {
        from: range.from,
        to: range.to,
        step: stepFor(range, POINTS, lab.scrapeIntervalSeconds),
        signal: aborted,
      };
      const [examples, ...found] = await Promise.all([
        // Without them the chart still says what it has to.
        question.exemplars ? exemplars(question.exemplars, asked).catch(() => []) : [],
        ...question.queries.map(({ expr }, i) => keepers[i](expr, asked)),
      ]);
      const series = found.flatMap((list, i) =>
        list.map((one) => ({ ...one, name: named(question.queries[i].name, one.labels) })),
      );
      return { series, examples, range: { from: range.from, to: range.to } };
    },
    ({ series, examples, range }, content) => {
      if (!chart) {
        const place = h("div", {});
        replace(content, place);
        chart = timeSeries(place, {
          unit: question.unit,
          min: 0,
          // A hundredth of failures is much, and should not look like nothing: the axis ends at 5 %.
          ...(question.unit === "percentunit" ? { softMax: 0.05 } : {}),
          height: CHART_HEIGHT,
          fill: question.queries.length === 1 ? 12 : 0,
          legend: "list",
          label: question.title,
          syncKey: "signals",
          noValue: "Nothing was measured in this range.",
          onZoom: (from, to) => time.set({ from, to }),
          onExemplar: ({ traceId, value }, event, anchor) =>
            traceId &&
            menu(anchor, [
              { heading: `One request, ${value.toPrecision(2)} s` },
              { text: "Open its trace", href: traceAddress(traceId) },
              {
                text: "Its log lines in Explore",
                href: exploreAddress([{ source: "loki", query: `{service=~".+"} |= "${traceId}"` }], time.texts()),
              },
            ]),
        });
      }
      chart.update({ series, exemplars: thinned(examples), range });
    },
    { label: `Asking for ${question.title.toLowerCase()}`, signal },
  );
  return { element, refresh: () => shown.refresh(), destroy: () => chart?.destroy() };
}

/** "{{span_name}}" of the labels. */
function named(pattern, labels) {
  return pattern.replace(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? "");
}

/** A bucket each gives one every few seconds: of many the slowest are kept, which are those looked for. */
function thinned(examples) {
  const own = examples
    .filter(({ traceId }) => /^[0-9a-f]{1,32}$/i.test(traceId ?? ""))
    .map((example) => ({ ...example, traceId: example.traceId.padStart(32, "0") }));
  return own.toSorted((a, b) => b.value - a.value).slice(0, 24);
}

function tracesOf(title, context, query, { sortByDuration = false, empty }) {
  const { time, signal } = context;
  const link = h("a", { href: "#" }, "Explore");
  const { element, body } = section(title, link);
  let list = null;
  let seen = "";
  let searchedAt = 0;
  const shown = showing(
    body,
    (aborted) => {
      searchedAt = performance.now();
      const { from, to } = time.range();
      const q = query();
      link.setAttribute("href", exploreAddress([{ source: "tempo", query: q }], time.texts()));
      return search(q, { from, to, limit: SEARCHED, signal: aborted });
    },
    (traces, content) => {
      const sorted = traces
        .toSorted((a, b) => (sortByDuration ? b.durationSeconds - a.durationSeconds : b.start - a.start))
        .slice(0, MOST_TRACES);
      const key = sorted.map(({ traceId }) => traceId).join();
      if (key === seen && content.firstChild) return;
      seen = key;
      if (list) list.update(sorted);
      else {
        const place = h("div", {});
        replace(content, place);
        list = traceList(place, { traces: sorted, context, caption: title, empty });
      }
    },
    { label: "Searching traces", signal },
  );
  return {
    element,
    refresh(reason) {
      if (reason !== "refresh" || performance.now() - searchedAt > SEARCH_PAUSE) shown.refresh();
    },
    destroy: () => list?.destroy(),
  };
}
