/**
 * Every chart in many states, for looking at and for finding one by its name: `[data-scene="…"]`.
 *
 * A function expression: (address of static/, {only, width}) → names of the scenes; leaves `window.gallery`.
 */
(async (address, { only = null, width = 1240 } = {}) => {
  const load = (path) => import(`${address}/${path}`);
  const { h } = await load("ui/dom.js");
  const { timeSeries } = await load("chart/time_series.js");
  const { stat } = await load("chart/stat.js");
  const { gauge } = await load("chart/gauge.js");
  const { barGauge } = await load("chart/bar_gauge.js");
  const { heatmap } = await load("chart/heatmap.js");
  const { stateTimeline } = await load("chart/state_timeline.js");
  const { histogramBars } = await load("chart/histogram_bars.js");
  const { sparkline } = await load("chart/sparkline.js");

  // Always the same noise.
  let state = 42;
  const random = () => (state = (state * 1664525 + 1013904223) % 4294967296) / 4294967296;
  const END = new Date(2026, 10, 21, 12, 7, 30).getTime() / 1000;
  const range = (minutes) => ({ from: END - minutes * 60, to: END });
  const times = (minutes, step) =>
    Float64Array.from({ length: (minutes * 60) / step + 1 }, (_, i) => END - minutes * 60 + i * step);
  const wave = (name, minutes, step, base, swing, extra = {}) => {
    const at = times(minutes, step);
    const phase = random() * 7;
    const values = at.map((_, i) => Math.max(0, base + swing * Math.sin(i / 23 + phase) + swing * (random() - 0.5)));
    return { name, labels: { service: name }, times: at, values, ...extra };
  };
  const steps = [{ value: null, colour: "#73BF69" }, { value: 0.25, colour: "#FF9830" }, {
    value: 0.5,
    colour: "#F2495C",
  }];
  const services = (minutes, step, base, swing) => [
    wave("frontend", minutes, step, base, swing, { colour: "#6CC0F5" }),
    wave("backend", minutes, step, base * 0.7, swing, { colour: "#DA70BF" }),
    wave("database", minutes, step, base * 0.4, swing * 0.5, { colour: "#8478E0" }),
  ];
  const exemplars = (minutes, count, low, high) =>
    Array.from({ length: count }, (_, i) => ({
      time: END - random() * minutes * 60,
      value: low + random() ** 4 * (high - low),
      traceId: `${i}`.padStart(32, "a"),
      attributes: { "http.route": "/product/<id>" },
      labels: { service: "frontend" },
    }));
  const gap = (series, from, to) => ({
    ...series,
    values: series.values.map((value, i) => (i >= from && i < to ? NaN : value)),
  });
  const missing = (series, from, to) => ({
    ...series,
    times: series.times.filter((_, i) => i < from || i >= to),
    values: series.values.filter((_, i) => i < from || i >= to),
  });
  const buckets = (minutes, step, le) => {
    const at = times(minutes, step);
    const rows = le.map(() => new Float64Array(at.length));
    at.forEach((_, i) => {
      let sum = 0;
      le.forEach((bound, row) => {
        const middle = 2.5 + Math.sin(i / 9) + (i > 30 && i < 40 ? 2 : 0);
        sum += Math.max(0, 8 * Math.exp(-((row - middle) ** 2)) - 0.2 + random() * 0.3);
        rows[row][i] = sum;
      });
    });
    return le.map((bound, row) => ({
      name: String(bound),
      labels: { le: String(bound) },
      times: at,
      values: rows[row],
    }));
  };
  const LE = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"];
  const good = [{
    type: "value",
    options: {
      0: { text: "good", color: "#73BF69" },
      1: { text: "pending", color: "#FF9830" },
      2: { text: "firing", color: "#F2495C" },
    },
  }];
  const states = (name, changes) => {
    const at = times(60, 30);
    return { name, times: at, values: Array.from(at, (_, i) => changes.findLast(([start]) => i >= start)[1]) };
  };

  const scenes = [
    ["lines", 400, 240, timeSeries, { unit: "reqps", min: 0, fill: 8, lineWidth: 2, label: "Requests by service" }, {
      series: services(15, 5, 12, 4),
      range: range(15),
    }],
    ["table legend", 400, 240, timeSeries, {
      unit: "s",
      min: 0,
      legend: "table",
      calcs: ["mean", "max", "lastNotNull"],
      legendSort: { by: "Mean", descending: true },
      thresholds: steps,
      thresholdStyle: "dashed",
      softMax: 0.6,
    }, { series: services(15, 5, 0.2, 0.05), range: range(15) }],
    ["stacked area", 400, 240, timeSeries, {
      unit: "percentunit",
      min: 0,
      stack: true,
      fill: 65,
      lineWidth: 0,
      points: "never",
    }, { series: services(15, 15, 0.3, 0.1), range: range(15) }],
    ["stacked bars", 400, 240, timeSeries, { unit: "short", min: 0, stack: true, fill: 60, lineWidth: 0, bars: true }, {
      series: services(15, 30, 30, 10),
      range: range(15),
    }],
    ["percent stack", 400, 240, timeSeries, { stack: "percent", fill: 50 }, {
      series: services(15, 15, 30, 10),
      range: range(15),
    }],
    ["exemplars and annotations", 400, 240, timeSeries, { unit: "s", min: 0, fill: 8, lineWidth: 2 }, {
      series: services(15, 5, 0.12, 0.03),
      range: range(15),
      exemplars: exemplars(15, 60, 0.02, 0.9),
      annotations: [{ time: END - 500, text: "fault: slow database", tags: ["fault"] }, {
        time: END - 300,
        timeEnd: END - 120,
        text: "load test",
        colour: "#FF9830",
      }],
    }],
    ["gaps", 400, 240, timeSeries, { unit: "short", fill: 8, points: "auto" }, {
      series: [
        gap(wave("with NaN", 15, 15, 30, 10), 20, 30),
        missing(wave("absent", 15, 15, 60, 10), 40, 44),
        gap(gap(wave("one point", 15, 15, 90, 10), 10, 20), 21, 60),
      ],
      range: range(15),
    }],
    ["right axis", 400, 240, timeSeries, { unit: "reqps", min: 0, right: { min: 0 } }, {
      series: [wave("requests", 15, 5, 12, 3), wave("p95", 15, 5, 0.2, 0.05, { unit: "s" })],
      range: range(15),
    }],
    ["log scale", 400, 240, timeSeries, { unit: "s", logScale: true }, {
      series: [wave("fast", 15, 5, 0.002, 0.001), wave("slow", 15, 5, 4, 3)],
      range: range(15),
    }],
    ["steps and dashes", 400, 240, timeSeries, { unit: "short", interpolation: "stepAfter", min: 0 }, {
      series: [
        wave("steps", 15, 60, 12, 6),
        wave("limit", 15, 60, 30, 0, { style: { dash: [10, 10], fill: 0 } }),
        wave("smooth", 15, 60, 20, 6, { style: { interpolation: "smooth" } }),
      ],
      range: range(15),
    }],
    ["negative", 400, 240, timeSeries, { unit: "Bps", fill: 20 }, {
      series: [wave("received", 15, 5, 3e6, 1e6), wave("sent", 15, 5, 2e6, 1e6, { style: { negativeY: true } })],
      range: range(15),
    }],
    ["areas of thresholds", 400, 240, timeSeries, {
      unit: "s",
      thresholds: steps,
      thresholdStyle: "area",
      min: 0,
      max: 1,
    }, { series: services(15, 5, 0.3, 0.1), range: range(15) }],
    ["across midnight", 400, 240, timeSeries, { unit: "bytes", min: 0 }, {
      series: [wave("memory", 1440, 300, 2.4e8, 1e7)],
      range: range(1440),
    }],
    ["a month", 400, 240, timeSeries, { unit: "short" }, {
      series: [wave("days", 43200, 3600, 1800, 400)],
      range: range(43200),
    }],
    ["ten seconds", 400, 240, timeSeries, { unit: "ms" }, {
      series: [wave("moments", 1 / 6, 0.1, 23, 4)],
      range: range(1 / 6),
    }],
    ["no data", 400, 240, timeSeries, { unit: "s", noValue: "no load test is running: python3 lab load" }, {
      series: [],
      range: range(15),
    }],
    ["one point", 400, 240, timeSeries, { unit: "s" }, {
      series: [{ name: "lonely", times: [END - 300], values: [0.5] }],
      range: range(15),
    }],
    ["constant", 400, 240, timeSeries, { unit: "percentunit" }, {
      series: [wave("always", 15, 5, 0.42, 0)],
      range: range(15),
    }],
    ["legend beside", 600, 240, timeSeries, {
      unit: "ops",
      legendPlacement: "right",
      legend: "table",
      calcs: ["mean", "lastNotNull"],
    }, { series: services(15, 5, 1200, 300), range: range(15) }],
    ["many series", 600, 240, timeSeries, { unit: "short" }, {
      series: Array.from(
        { length: 312 },
        (_, i) => wave(`{instance="10.0.0.${i}:9100", job="node", a_long_label="value-${i}"}`, 15, 15, i, 3),
      ),
      range: range(15),
    }],
    ["spike", 600, 240, timeSeries, { unit: "short", legend: "hidden" }, {
      series: [{
        name: "spike",
        times: Float64Array.from({ length: 100000 }, (_, i) => END - 100000 + i),
        values: Float64Array.from({ length: 100000 }, (_, i) => (i === 54321 ? 100 : 1 + (i % 7) / 7)),
      }],
    }],
    ["small lines", 200, 100, timeSeries, { unit: "reqps", min: 0, legend: "hidden" }, {
      series: services(15, 5, 12, 4),
      range: range(15),
    }],
    ["small with legend", 200, 100, timeSeries, { unit: "s", min: 0, thresholds: steps, thresholdStyle: "dashed" }, {
      series: services(15, 5, 0.2, 0.04),
      range: range(15),
    }],
    ["tiny", 100, 50, timeSeries, { unit: "s", legend: "hidden" }, {
      series: services(15, 5, 0.2, 0.04),
      range: range(15),
    }],
    ["heat map", 400, 240, heatmap, { unit: "s", cellUnit: "reqps", label: "Latency" }, {
      series: buckets(15, 15, LE),
      range: range(15),
      exemplars: exemplars(15, 40, 0.01, 1.5),
    }],
    ["heat map of many", 600, 240, heatmap, { unit: "s", cellUnit: "reqps" }, {
      series: buckets(60, 15, Array.from({ length: 24 }, (_, i) => String(2 ** (i - 12)))),
      range: range(60),
    }],
    ["small heat map", 200, 100, heatmap, { unit: "s", legend: false }, {
      series: buckets(15, 15, LE),
      range: range(15),
    }],
    ["no heat", 200, 100, heatmap, { unit: "s" }, { series: [], range: range(15) }],
    ["timeline", 400, 160, stateTimeline, { mappings: good }, {
      series: [
        states("AvailabilityFastBurn", [[0, 0], [40, 1], [50, 2], [90, 0]]),
        states("LatencyFastBurn", [[0, 0], [100, 1]]),
        states("backend", [[0, 0], [20, NaN], [30, 2]]),
      ],
      range: range(60),
    }],
    ["timeline of text", 400, 160, stateTimeline, { legend: "hidden" }, {
      series: [
        states("version", [[0, "1.4.0"], [60, "1.5.0-with-a-long-name"], [110, "1.5.1"]]),
        states("leader", [[0, "a"], [30, "b"], [60, "a"]]),
      ],
      range: range(60),
    }],
    ["log volume", 600, 120, histogramBars, { label: "Lines by level" }, {
      series: [
        wave("info", 15, 15, 60, 30, { colour: "#6CA6E8" }),
        wave("warning", 15, 15, 4, 4, { colour: "#FF9830" }),
        wave("error", 15, 15, 2, 4, { colour: "#F2495C" }),
      ],
      range: range(15),
    }],
    ["stat", 200, 100, stat, { unit: "reqps", decimals: 1, thresholds: [{ value: null, colour: "#C7D0D9" }] }, {
      series: [wave("requests", 15, 15, 12, 4)],
    }],
    ["stat good", 200, 100, stat, {
      unit: "percentunit",
      decimals: 2,
      thresholds: [{ value: null, colour: "#73BF69" }, { value: 0.01, colour: "#FF9830" }],
    }, { series: [wave("errors", 15, 15, 0.004, 0.003)] }],
    ["stat bad", 200, 100, stat, { unit: "s", thresholds: steps, colourMode: "background" }, {
      series: [wave("p95", 15, 15, 0.8, 0.1)],
    }],
    ["stat without", 200, 100, stat, {
      unit: "short",
      mappings: [{
        type: "special",
        options: { match: "null+nan", result: { text: "no data yet", color: "#8E9AAF" } },
      }],
    }, { series: [{ name: "none", value: null }] }],
    ["stat words", 200, 100, stat, { noValue: "no load test is running: python3 lab load" }, { series: [] }],
    ["stat several", 400, 100, stat, { unit: "s", thresholds: steps, text: "value_and_name" }, {
      series: services(15, 15, 0.3, 0.2).map(({ name, times: t, values }) => ({ name, times: t, values })),
    }],
    ["stat long", 120, 70, stat, { unit: "bytes" }, { series: [{ name: "memory", value: 123456789012 }] }],
    ["gauge", 200, 140, gauge, {
      unit: "percentunit",
      min: 0,
      max: 1,
      thresholds: [{ value: null, colour: "#73BF69" }, { value: 0.35, colour: "#FF9830" }, {
        value: 0.7,
        colour: "#F2495C",
      }],
    }, { series: [{ name: "pool", value: 0.62 }] }],
    ["gauges", 400, 140, gauge, {
      unit: "percentunit",
      min: 0,
      max: 1,
      thresholdLabels: true,
      thresholds: [{ value: null, colour: "#73BF69" }, { value: 0.35, colour: "#FF9830" }, {
        value: 0.7,
        colour: "#F2495C",
      }],
    }, {
      series: [{ name: "frontend", value: 0.2 }, { name: "backend", value: 0.9 }, { name: "database", value: null }],
    }],
    ["small gauge", 100, 75, gauge, { unit: "percentunit", min: 0, max: 1, thresholds: steps }, {
      series: [{ name: "pool", value: 0.4 }],
    }],
    ["bars", 400, 160, barGauge, { unit: "bytes", min: 0 }, {
      series: [{ name: "GET /product/<id>", value: 12345 }, { name: "GET /", value: 2345, colour: "#C8AD7F" }, {
        name: "POST /order",
        value: 34567,
        colour: "#5FA8A3",
      }],
    }],
    ["bars of steps", 400, 160, barGauge, { unit: "s", min: 0, max: 1, thresholds: steps, display: "gradient" }, {
      series: [{ name: "p50", value: 0.05 }, { name: "p95", value: 0.4 }, { name: "p99", value: 0.9 }],
    }],
    ["upright bars", 400, 160, barGauge, {
      unit: "s",
      min: 0,
      max: 1,
      thresholds: steps,
      display: "lcd",
      orientation: "vertical",
    }, { series: [{ name: "p50", value: 0.05 }, { name: "p95", value: 0.4 }, { name: "p99", value: 0.9 }] }],
    ["sparkline", 120, 28, sparkline, { label: "Requests, last 15 minutes" }, wave("requests", 15, 15, 12, 4)],
  ];

  window.gallery?.forEach(({ chart }) => chart.destroy());
  const page = h("div", {
    style: { display: "flex", flexWrap: "wrap", gap: "12px", padding: "12px", width: `${width}px` },
  });
  document.body.replaceChildren(page);
  window.gallery = new Map();
  for (const [name, wide, high, make, options, data] of scenes) {
    if (only && !only.includes(name)) continue;
    const root = h("div", {
      "data-scene": name,
      style: { width: `${Math.min(wide, width - 40)}px`, height: `${high}px` },
    });
    page.append(
      h("div", { class: "panel", style: { padding: "8px" } }, h("div", { class: "small quiet" }, name), root),
    );
    const calls = [];
    const record = (event) => (...details) =>
      calls.push([event, ...details.filter((one) => !(one instanceof Event) && !(one instanceof Element))]);
    const hooks = { onZoom: record("zoom"), onExemplar: record("exemplar"), onCell: record("cell") };
    const chart = make(root, make === sparkline || make === stat ? options : { ...hooks, ...options });
    chart.update(data);
    window.gallery.set(name, { chart, calls, options, data });
  }
  // Two frames: sizes are known, everything is drawn.
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return [...window.gallery.keys()];
});
