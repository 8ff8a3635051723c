/** One trace: its waterfall with the details of its spans, and the way to its page. */
import { traceAddress } from "../../addresses.js";
import * as prometheus from "../../data/prometheus.js";
import { dateTime, duration } from "../../format/time.js";
import { loadLines } from "../../trace/loading.js";
import { parseTrace } from "../../trace/model.js";
import { waterfallView } from "../../trace/waterfall_view.js";
import { h, replace } from "../../ui/dom.js";

/**
 * @param {HTMLElement} root
 * @param {import("../pane.js").Tools} tools
 */
export function traceResult(root, tools) {
  const head = h("p", { class: "result-trace-head" });
  const place = h("div", { class: "result-trace" });
  replace(root, head, place);
  const { signal } = tools.context;
  let view = null;
  let shown = null;
  return {
    update({ data: { id, otlp } }) {
      const trace = parseTrace(otlp);
      replace(
        head,
        h("a", { class: "button", href: traceAddress(id) }, "Open the whole trace"),
        `${spansText(trace.spans.length)}, ${duration(trace.durationSeconds)}, began ${
          dateTime(trace.start, { milliseconds: true })
        }`,
      );
      const lines = loadLines(trace, { signal });
      // Without its log lines a trace is still a trace.
      lines.catch(() => {});
      if (view && shown === id) {
        view.update({ trace, lines });
        return;
      }
      shown = id;
      view?.destroy();
      place.replaceChildren();
      const metricNames = prometheus.metricNames({ signal }).then((names) => new Set(names));
      metricNames.catch(() => {});
      // What is chosen in it belongs to this pane, not to the address of the page.
      view = waterfallView(place, { trace, lines, metricNames, context: { ...tools.context, url: ownState() } });
    },
    destroy() {
      view?.destroy();
    },
  };
}

/** A state in the form of the address', which lasts as long as the pane. */
function ownState() {
  const values = new Map();
  return {
    get: (name) => values.get(name) ?? null,
    set(changes) {
      for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === undefined) values.delete(name);
        else values.set(name, String(value));
      }
    },
    onChange: () => () => {},
  };
}

function spansText(count) {
  return `${count} ${count === 1 ? "span" : "spans"}`;
}
