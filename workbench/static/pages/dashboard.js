/** One dashboard, drawn from Grafana's JSON. */

import { toGrafanaDashboard } from "../grafana_addresses.js";
import { onThemeChange } from "../colours.js";
import { Board } from "../dashboards/board.js";
import { grid } from "../dashboards/grid.js";
import { boardHead } from "../dashboards/head.js";
import { marksBar } from "../dashboards/marks_bar.js";
import { valuesOf } from "../dashboards/options.js";
import { secondsOf } from "../dashboards/refresh.js";
import { optionsOf, parametersOf } from "../dashboards/variables.js";
import { variablesBar } from "../dashboards/variables_bar.js";
import { ask } from "../data/http.js";
import { h, replace } from "../ui/dom.js";
import { errorState, loading } from "../ui/states.js";

export const usesTime = true;
export const defaultRefresh = 10;

const MARKS_AFTER_MS = 300;

export function mount(root, context) {
  const uid = decodeURIComponent(context.url.path.split("/")[2] ?? "");
  let parts = null;
  let gone = false;

  async function load() {
    const timer = setTimeout(() => replace(root, loading("Loading the dashboard")), 150);
    try {
      const document = await ask(`/api/dashboards/${encodeURIComponent(uid)}`, { signal: context.signal });
      if (!gone) {
        clearTimeout(timer);
        parts = show(root, document, context);
      }
    } catch (error) {
      if (!gone) {
        clearTimeout(timer);
        context.setTitle("Dashboard");
        replace(root, errorState(error, { retry: load }));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  load();
  return {
    unmount() {
      gone = true;
      parts?.destroy();
    },
  };
}

function show(root, document, context) {
  const { url, time } = context;
  context.setTitle(document.title);
  time.setDefaults({
    from: document.time?.from ?? "now-15m",
    to: document.time?.to ?? "now",
    refresh: secondsOf(document.refresh),
  });

  const board = new Board(document, context);
  const head = boardHead(board);
  const options = {};
  const bar = h("div", { class: "board-variables" });
  const switches = h("div", { class: "board-marks", role: "group", "aria-label": "Marks on the graphs" });
  const place = h("div", { class: "board" });
  const back = h(
    "button",
    { type: "button", class: "button", onclick: () => board.viewAlone(null) },
    "Back to the dashboard",
  );
  let panels = null;
  let later = null;

  const turned = () => new Set(url.all("rows").map(Number));
  const variables = variablesBar(bar, board.variables, (variable, values) => {
    url.set(parametersOf(variable, values), { push: variable.type !== "textbox" });
    changed("range");
  });
  const marks = marksBar(switches, board, {
    hidden: () => url.all("hide-marks"),
    onHide: (names) => url.set({ "hide-marks": names }),
    onMarks: () => panels?.redraw(),
  });
  board.onView = build;
  replace(root, head.element, h("div", { class: "board-bar" }, bar, switches), place);
  build();
  changed("start");
  // Colours of the JSON are told to the drawings once, in the theme of now.
  const ends = [time.onChange(changed), url.onChange(addressChanged), onThemeChange(addressChanged)];

  function build() {
    panels?.destroy();
    panels = grid(place, board, {
      single: board.single,
      turned,
      onTurn(id) {
        const now = turned();
        if (!now.delete(id)) {
          now.add(id);
        }
        url.set({ rows: [...now] });
      },
    });
    root.classList.toggle("board-alone", board.single !== null);
    if (board.single !== null) {
      place.prepend(back);
    }
  }

  /** Back, forward, or a link to another view of the same dashboard. */
  function addressChanged() {
    build();
    changed("range");
  }

  /** Time went on, or what is looked at changed. */
  async function changed(reason) {
    variables.update(board.chosen, known());
    if (reason === "start") {
      // Panels first: they are what somebody waits for.
      later = setTimeout(marks.refresh, MARKS_AFTER_MS);
    } else {
      panels.refresh(reason);
      marks.refresh();
    }
    if (reason !== "refresh") {
      await board.questions().catch(() => {});
      head.update();
      offerGrafana();
      loadOptions();
    }
  }

  function offerGrafana() {
    const { grafanaUrl } = context.lab;
    context.openInGrafana(grafanaUrl ? toGrafanaDashboard(grafanaUrl, board.uid, board.viewInAddress()) : null);
  }

  function known() {
    return Object.fromEntries(
      board.variables.map((variable) => [variable.name, optionsOf(variable, options[variable.name])]),
    );
  }

  async function loadOptions() {
    const questions = await board.questions().then((answer) => answer.variables, () => ({}));
    const range = { ...board.range(), signal: context.signal };
    await Promise.allSettled(
      Object.entries(questions).map(async ([name, question]) => {
        options[name] = await valuesOf(question, range);
        variables.update(board.chosen, known());
      }),
    );
  }

  return {
    destroy() {
      clearTimeout(later);
      ends.forEach((end) => end());
      panels.destroy();
      marks.destroy();
      variables.destroy();
      root.classList.remove("board-alone");
    },
  };
}
