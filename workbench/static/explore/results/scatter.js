/** Traces as dots: when they began, and how long they took. */
import { clock, duration } from "../../format/time.js";
import { h, replace, svg } from "../../ui/dom.js";

const HEIGHT = 120;
const LEFT = 64;
const BOTTOM = 20;
const TOP = 8;

/**
 * @param {HTMLElement} root
 * @param {{onTrace: (trace: object, event: Event, anchor: Element) => void}} options
 */
export function scatter(root, { onTrace }) {
  let data = { traces: [] };
  const draw = () => replace(root, data.traces.length > 1 ? picture(root.clientWidth || 600, data, onTrace) : null);
  const observer = new ResizeObserver(draw);
  observer.observe(root);
  return {
    update(next) {
      data = next;
      draw();
    },
    destroy: () => observer.disconnect(),
  };
}

/** The place of each trace: logarithmic in height, because durations differ by powers of ten. */
export function placed(traces, { from, to }, width, height) {
  const durations = traces.map(({ durationSeconds }) => Math.max(durationSeconds, 0.0005));
  const low = Math.log10(Math.min(...durations));
  const high = Math.log10(Math.max(...durations));
  // Some room above and below, and for traces that all took the same time.
  const [bottom, span] = [low - 0.1, Math.max(high - low + 0.2, 0.4)];
  const dots = traces.map((trace, i) => ({
    trace,
    x: ((trace.start - from) / Math.max(to - from, 1e-9)) * width,
    y: height - ((Math.log10(durations[i]) - bottom) / span) * height,
  }));
  return { dots, low: 10 ** bottom, high: 10 ** (bottom + span) };
}

/** From the first to the last: a search that stopped at its limit covers only a part of the time asked for. */
function extent(traces) {
  const starts = traces.map(({ start }) => start);
  return { from: Math.min(...starts), to: Math.max(...starts) };
}

function picture(width, { traces }, onTrace) {
  const range = extent(traces);
  const [inner, height] = [width - LEFT - 16, HEIGHT - TOP - BOTTOM];
  const { dots, low, high } = placed(traces, range, inner, height);
  const text = (x, y, anchor, value) => svg("text", { x, y, "text-anchor": anchor, class: "scatter-text" }, value);
  return svg(
    "svg",
    { class: "scatter", width, height: HEIGHT, role: "group", "aria-label": "Traces by start and duration" },
    svg("path", { class: "scatter-axis", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${width - 8}` }),
    text(LEFT - 6, TOP + 10, "end", duration(high)),
    text(LEFT - 6, HEIGHT - BOTTOM, "end", duration(low)),
    text(LEFT, HEIGHT - 4, "start", clock(range.from)),
    text(width - 8, HEIGHT - 4, "end", clock(range.to)),
    dots.map(({ trace, x, y }) => {
      const failed = Object.values(trace.services ?? {}).some(({ errorCount }) => errorCount > 0);
      const about = `${trace.rootService} ${trace.rootName}, ${duration(trace.durationSeconds)}, ${clock(trace.start)}${
        failed ? ", with an error" : ""
      }`;
      const place = `translate(${(LEFT + 4 + x).toFixed(1)} ${(TOP + y).toFixed(1)})`;
      const act = (event) => onTrace(trace, event, event.currentTarget);
      return svg(
        "g",
        {
          class: failed ? "scatter-dot failed" : "scatter-dot",
          transform: place,
          role: "button",
          tabindex: "0",
          "aria-label": about,
          onclick: act,
          onkeydown: (event) => ["Enter", " "].includes(event.key) && (event.preventDefault(), act(event)),
        },
        svg("title", {}, about),
        // What failed has another shape, not only another colour.
        failed ? svg("path", { d: "M-4 -4L4 4M4 -4L-4 4" }) : svg("circle", { r: 4 }),
      );
    }),
  );
}
