/** How many lines there are over the range, by level: bars that zoom. What is as it should be is drawn quietly. */
import { histogramBars } from "../chart/histogram_bars.js";
import { onThemeChange, token } from "../colours.js";
import { duration } from "../format/time.js";
import { h, replace } from "../ui/dom.js";
import { showing } from "../ui/states.js";
import { volumeOf } from "./volume.js";

const COLOURS = {
  critical: "series-8",
  error: "bad",
  warning: "warning",
  info: "line-strong",
  debug: "series-6",
  trace: "series-10",
  unknown: "series-9",
};

const HEIGHT = 128;

/**
 * @param {HTMLElement} root
 * @param {{asked: () => {query: string, from: number, to: number, step?: number},
 *   onZoom: (from: number, to: number) => void,
 *   onCounted?: (volume: object) => void, signal: AbortSignal}} options
 * @returns {{refresh: () => Promise<void>, destroy: () => void}}
 */
export function volumePanel(root, { asked, onZoom, onCounted, signal }) {
  let chart = null;
  let drawnOn = null;
  let draw = () => {};
  const stopTheme = onThemeChange(() => draw());
  const place = h("div", { class: "log-volume" });
  replace(root, place);
  const shown = showing(
    place,
    async (inner) => {
      const { query, ...range } = asked();
      return { ...(await volumeOf(query, range, { signal: inner })), from: range.from, to: range.to };
    },
    (volume, target) => {
      if (drawnOn !== target) {
        chart?.destroy();
        chart = histogramBars(target, {
          unit: "short",
          height: HEIGHT,
          label: "Lines over the range, by level",
          legend: "list",
          onZoom,
        });
        drawnOn = target;
      }
      draw = () => {
        // The least grave at the bottom, where most bars begin.
        const series = volume.levels.toReversed().map(({ level, times, values }) => ({
          name: level === "unknown" ? "no level" : level,
          labels: { level },
          times,
          values,
          colour: token(COLOURS[level]),
        }));
        chart.update({ series, step: volume.step, range: { from: volume.from, to: volume.to } });
      };
      draw();
      place.title = `Lines in steps of ${
        duration(volume.step)
      }. Drag across bars, or click one, to look at that time only.`;
      onCounted?.(volume);
    },
    { label: "Counting the lines", signal },
  );
  return {
    refresh: () => shown.refresh(),
    destroy() {
      shown.destroy();
      stopTheme();
      chart?.destroy();
    },
  };
}
