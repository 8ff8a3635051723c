/** Who depends on whom, from span data: a map, and a table with every number of it. */

import { duration } from "../format/time.js";
import { inSentence } from "../format/time_range.js";
import { nodeGraph } from "../graph/node_graph.js";
import { WORLD } from "../graph/service_graph.js";
import { asker, historyOf, numbersOf } from "../map/asking.js";
import { csvOf, dependenciesOf, graphOf } from "../map/dependencies.js";
import { dependencyTable } from "../map/dependency_table.js";
import { asker as nowAsker } from "../now/asking.js";
import { chosenIn, chosenPanel } from "../now/chosen.js";
import { factsOf } from "../now/facts.js";
import { measured } from "../now/measured.js";
import { section } from "../now/section.js";
import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { saveFile } from "../ui/save_file.js";
import { emptyState, showing } from "../ui/states.js";

export const usesTime = true;
export const defaultRefresh = 30;

export function mount(root, context) {
  const { lab, url, time, signal, setTitle } = context;
  setTitle("Map");
  const ask = asker();
  const askNow = nowAsker();
  const about = h("p", { class: "quiet" });
  const notice = h("p", { class: "map-notice", role: "note" });
  const focus = h("select", {
    class: "select",
    id: "map-focus",
    onchange: () => choose({ focus: focus.value || null }),
  });
  const compare = h("input", { type: "checkbox", onchange: () => changeComparison() });
  const compareText = h("span", {});
  const save = h("button", { type: "button", class: "button", onclick: () => download() }, icon("download"), "CSV");
  const picture = h("div", {});
  const foot = h(
    "p",
    { class: "map-foot" },
    "Thicker arrows carry more calls. On an arrow: calls per second, how many the server failed, their p95. ",
    measured(
      () => {
        const { from, to } = time.range();
        return [
          ...numbersOf(to - from),
          {
            title: "Over time, since, last seen",
            tells: "Calls per second over the range: the first and the last point with any.",
            expr: historyOf(60),
          },
        ];
      },
      { about: "Dependencies" },
    ),
  );
  const mapPlace = h("div", {});
  const mapBody = h("div", {}, picture, foot);
  const panelPlace = h("div", {});
  const panel = chosenPanel(context, {
    place: panelPlace,
    onClose: () => choose({ service: null, call: null }),
    onUnknown: () => shown.refresh(),
  });
  const { element: tableSection, body: tablePlace } = section("Dependencies", save);
  replace(
    root,
    h(
      "div",
      { class: "map" },
      h(
        "div",
        { class: "map-head" },
        h("div", {}, h("h1", {}, "Service map"), about),
        h(
          "div",
          { class: "map-tools" },
          h("label", { for: "map-focus" }, "Focus on", focus),
          h("label", {}, compare, compareText),
        ),
      ),
      notice,
      mapPlace,
      panelPlace,
      tableSection,
    ),
  );

  let graph = null;
  let rows = null;
  let rowsTable = null;
  let answers = null;

  const shown = showing(
    mapPlace,
    async (aborted) => {
      const isCompared = url.get("compare") === "1";
      const [found, now] = await Promise.all([
        ask({ range: time.range(), isCompared, scrapeSeconds: lab.scrapeIntervalSeconds, signal: aborted }),
        // How a service is now only matters to a panel that is open.
        panel.isOpen() ? askNow({ signal: aborted }) : null,
      ]);
      return { found, now };
    },
    ({ found, now }, content) => {
      answers = found;
      if (now) panel.update(factsOf(now, lab));
      rows = dependenciesOf(found.numbers, { history: found.history, before: found.before });
      if (rows.length > 0 && mapBody.parentNode !== content) replace(content, mapBody);
      if (rows.length === 0) {
        replace(
          content,
          emptyState(
            "No calls in this range.",
            "A call is a span of one service with a child in another: send a request, or choose a longer range.",
          ),
        );
      }
      draw();
    },
    { label: "Asking who calls whom", signal },
  );

  function draw() {
    const { from, to, text } = time.range();
    const length = duration(Math.round(to - from));
    about.textContent = `Who calls whom, from spans. Numbers are means over the time shown: ${inSentence(text)}.`;
    compareText.textContent = `Compare with the ${length} before`;
    compare.checked = url.get("compare") === "1";
    notice.textContent = answers?.traces
      ? `Prometheus has no service graph for this range, so this is read from the newest ${answers.traces} traces: ` +
        "which calls there are is right, their numbers are those of a sample."
      : "";
    if (!rows) return;
    offerServices();
    save.disabled = rows.length === 0;
    const data = graphOf(rows, {
      focus: url.get("focus"),
      selected: chosenIn(url),
      down: answers.down,
    });
    if (graph) graph.update(data);
    else if (rows.length > 0) {
      graph = nodeGraph(picture, {
        ...data,
        label: "Service map: who calls whom",
        onNode: ({ id }) => choose(id === WORLD ? { focus: id } : { service: id, call: null, focus: id }),
        onEdge: ({ source, target }) => choose({ call: `${source},${target}`, service: null }),
      });
    }
    drawTable();
  }

  function drawTable() {
    const isCompared = answers.before !== null;
    if (!rowsTable || rowsTable.isCompared !== isCompared) {
      const sort = /^(\w+)-(asc|desc)$/.exec(url.get("sort") ?? "");
      rowsTable = {
        isCompared,
        ...dependencyTable(tablePlace, {
          isCompared,
          sortBy: sort ? { id: sort[1], descending: sort[2] === "desc" } : { id: "calls", descending: true },
          onSort: ({ id, descending }) => url.set({ sort: `${id}-${descending ? "desc" : "asc"}` }),
          onRow: ({ client, server }) => choose({ call: `${client},${server}`, service: null }),
        }),
      };
    }
    rowsTable.update(rows);
  }

  function offerServices() {
    const names = [...new Set(rows.flatMap(({ client, server }) => [client, server]))].sort();
    const chosen = url.get("focus") ?? "";
    const key = JSON.stringify([names, chosen]);
    if (focus.dataset.key === key) return;
    focus.dataset.key = key;
    // A service that a link names and that is not there now stays chosen.
    const all = chosen === "" || names.includes(chosen) ? names : [...names, chosen].sort();
    replace(
      focus,
      h("option", { value: "" }, "all services"),
      all.map((name) => h("option", { value: name }, name === WORLD ? "visitors" : name)),
    );
    focus.value = chosen;
  }

  function choose(changes) {
    url.set(changes, { push: true });
    panel.show(true);
    draw();
  }

  function changeComparison() {
    url.set({ compare: compare.checked ? "1" : null }, { push: true });
    shown.refresh();
  }

  function download() {
    saveFile("dependencies.csv", csvOf(rows), "text/csv");
  }

  time.onChange((reason) => {
    shown.refresh();
    panel.refresh(reason);
  });
  const unlisten = url.onChange(() => {
    panel.show(true);
    draw();
  });
  draw();
  panel.show(false);
  return {
    unmount() {
      unlisten();
      graph?.destroy();
      panel.destroy();
      rowsTable?.destroy();
    },
  };
}
