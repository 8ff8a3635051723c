/**
 * A panel in its place: head, states, and the drawing of its type. It asks when it is seen, and draws what it is
 * answered.
 *
 * `data-state` says how it is: waiting (never seen), loading, ready, empty, failed, unsupported.
 */

import { displayed } from "../chart/values.js";
import { h, replace } from "../ui/dom.js";
import { emptyState, showing } from "../ui/states.js";
import { asker } from "./asking.js";
import { configured, displayOf } from "./field_config.js";
import { framesOf, hasData } from "./frames.js";
import { panelHead } from "./panel_head.js";
import { drawingOf } from "./panels/registry.js";
import { transformed } from "./transformations.js";

/**
 * @param {Object} panel of the JSON
 * @param {import("./board.js").Board} board
 * @returns {{element: HTMLElement, see: function(boolean): void, refresh: function(string): void, redraw: function():
 *   void,
 *   destroy: function(): void}}
 */
export function panelView(panel, board) {
  const body = h("div", { class: "panel-body" });
  const state = {
    questions: "",
    ask: null,
    data: null,
    drawing: null,
    busy: false,
    stale: true,
    seen: false,
    shown: null,
  };
  const head = panelHead(panel, board, () => state.data);
  const element = h(
    "section",
    {
      class: `panel panel-${panel.type}`,
      "data-panel": panel.id,
      "data-state": "waiting",
      "aria-labelledby": head.titleId,
    },
    head.element,
    body,
  );
  const tools = board.toolsOf(panel);
  const say = (name) => (element.dataset.state = name);

  async function load(signal) {
    const module = await drawingOf(panel.type);
    if (module === null) {
      return null;
    }
    const questions = await board.questionsOf(panel);
    head.update();
    const key = JSON.stringify(questions);
    if (key !== state.questions) {
      state.questions = key;
      state.ask = asker(questions);
    }
    const range = board.range();
    const answers = await state.ask({ from: range.from, to: range.to, signal });
    const frames = configured(transformed(framesOf(answers), panel.transformations), panel.fieldConfig);
    return { module, data: { answers, frames, range } };
  }

  async function loadAndTell(signal) {
    state.busy = true;
    state.stale = false;
    if (state.data === null) {
      say("loading");
    }
    try {
      return await load(signal);
    } catch (error) {
      if (!signal.aborted) {
        say("failed");
      }
      throw error;
    } finally {
      state.busy = false;
    }
  }

  function render(loaded, content) {
    if (loaded === null) {
      say("unsupported");
      replace(content, emptyState(`This workbench does not draw panels of type "${panel.type}".`));
      return;
    }
    const { module, data } = loaded;
    state.data = data;
    if (module.isEmpty ? module.isEmpty(data) : !hasData(data.frames)) {
      endDrawing();
      say("empty");
      replace(content, emptyState(emptyText(panel)));
      return;
    }
    if (state.drawing === null) {
      const place = h("div", { class: "panel-drawing" });
      replace(content, place);
      state.drawing = module.draw(place, panel, tools);
    }
    drawAgain();
    say("ready");
  }

  function drawAgain() {
    state.drawing?.update({ ...state.data, annotations: board.annotations() });
  }

  function endDrawing() {
    state.drawing?.destroy();
    state.drawing = null;
  }

  function refresh(reason) {
    // A slow answer is waited for; asking again at each tick would never see it.
    if (!state.seen || (reason === "refresh" && state.busy)) {
      state.stale = true;
    } else if (state.shown === null) {
      state.shown = showing(body, loadAndTell, render, { label: "Loading", signal: board.signal });
    } else {
      state.shown.refresh();
    }
  }

  return {
    element,
    see(seen) {
      state.seen = seen;
      if (seen && state.stale) {
        refresh("seen");
      }
    },
    refresh,
    redraw: drawAgain,
    destroy() {
      state.shown?.destroy();
      endDrawing();
      head.destroy();
    },
  };
}

/** What the panel itself says for that, else the plain truth. */
function emptyText({ fieldConfig: { defaults = {} } = {} }) {
  if (defaults.noValue) {
    return defaults.noValue;
  }
  const { text, mapped } = displayed(null, displayOf(defaults, (colour) => colour));
  return mapped ? text : "No data in this time range.";
}
