/** One trace, small: its waterfall, and the way to its page. */
import { traceAddress } from "../../addresses.js";
import { dateTime, duration } from "../../format/time.js";
import { criticalTimes } from "../../trace/critical_path.js";
import { parseTrace } from "../../trace/model.js";
import { waterfall } from "../../trace/waterfall.js";
import { h, replace } from "../../ui/dom.js";

/** @param {HTMLElement} root */
export function traceResult(root) {
  const head = h("p", { class: "result-trace-head" });
  const place = h("div", { class: "result-trace" });
  replace(root, head, place);
  let view = null;
  return {
    update({ data: { id, otlp } }) {
      const trace = parseTrace(otlp);
      replace(
        head,
        h("a", { class: "button", href: traceAddress(id) }, "Open the whole trace"),
        `${trace.spans.length} spans in ${Object.keys(trace.services).length || trace.services.length} services, `,
        `${duration(trace.durationSeconds)}, began ${dateTime(trace.start, { milliseconds: true })}`,
      );
      const look = {
        trace,
        critical: criticalTimes(trace),
        path: true,
        lines: new Map(),
        window: { start: 0, end: Math.max(trace.durationSeconds * 1e6, 1) },
        selected: null,
        collapsed: new Set(),
        matches: null,
        onlyMatches: false,
      };
      view?.destroy();
      view = waterfall(place, look, {
        onSelect: (span) => span && open(id, span),
        onToggle: (span, closed) => {
          const collapsed = new Set(look.collapsed);
          if (closed) collapsed.add(span);
          else collapsed.delete(span);
          look.collapsed = collapsed;
          view.update({ collapsed });
        },
        onWindow: (window) => view.update({ window }),
        onNext: () => {},
      });
    },
    destroy() {
      view?.destroy();
    },
  };

  function open(id, span) {
    // A link, so that the router takes it and "back" comes back.
    h("a", { href: traceAddress(id, { span }) }).click();
  }
}
