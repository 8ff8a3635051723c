"""From a panel's JSON and its frames to what the drawings take: options, series, rows, nodes, marks, sections, CSV."""

from typing import Any

import pytest

from tests.browser import Modules

PAGE = "(name) => `page-${name}`"


def field(title: str, values: list[Any], kind: str = "number", **config: Any) -> dict[str, Any]:
    return {"name": title, "title": title, "type": kind, "values": values, "config": {"custom": {}, **config}}


def test_a_time_series_panel_tells_the_chart_how_it_looks(module: Modules) -> None:
    panel = {
        "options": {
            "legend": {
                "showLegend": True,
                "displayMode": "table",
                "calcs": ["mean"],
                "sortBy": "Mean",
                "sortDesc": True,
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "fieldConfig": {
            "defaults": {
                "unit": "s",
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": [{"value": None, "color": "green"}]},
                "custom": {
                    "drawStyle": "bars",
                    "fillOpacity": 60,
                    "stacking": {"mode": "normal"},
                    "axisSoftMax": 0.2,
                    "thresholdsStyle": {"mode": "dashed"},
                    "spanNulls": 60_000,
                },
            }
        },
    }
    options = module("dashboards/panels/timeseries.js", f"(m, panel) => m.chartOptions(panel, {PAGE})", panel)
    expected = {
        "unit": "s",
        "min": 0,
        "draw": "bars",
        "fill": 60,
        "stack": "normal",
        "softMax": 0.2,
        "nullGap": 60,
        "thresholdStyle": "dashed",
        "thresholds": [{"value": None, "colour": "page-green"}],
        "legend": "table",
        "calcs": ["mean"],
        "legendSort": {"by": "Mean", "descending": True},
        "tooltip": "multi",
        "tooltipSort": "desc",
    }
    assert {name: options[name] for name in expected} == expected


@pytest.mark.parametrize("legend", [{"showLegend": False, "displayMode": "list"}, {"displayMode": "hidden"}])
def test_a_legend_may_be_hidden(legend: dict[str, Any], module: Modules) -> None:
    panel = {"options": {"legend": legend}}
    assert module("dashboards/panels/timeseries.js", f"(m, p) => m.chartOptions(p, {PAGE}).legend", panel) == "hidden"


def test_overrides_give_a_series_a_colour_and_a_dashed_line_without_area(module: Modules) -> None:
    custom = {"fillOpacity": 0, "lineStyle": {"fill": "dash", "dash": [10, 10]}}
    limit = field("limit", [10], color={"mode": "fixed", "fixedColor": "red"}, custom=custom, unit="short")
    hidden = field("hidden", [1], custom={"hideFrom": {"viz": True}})
    time = {"name": "Time", "type": "time", "values": [5], "config": {"custom": {}}}
    frames = [{"length": 1, "fields": [time, limit, hidden]}]
    (series,) = module("dashboards/panels/timeseries.js", f"(m, frames) => m.chartSeries(frames, {PAGE})", frames)
    assert series["name"] == "limit"
    assert (series["times"], series["values"], series["colour"], series["unit"]) == ([5], [10], "page-red", "short")
    assert series["style"] == {"fill": 0, "dash": [10, 10]}


def test_the_colour_of_a_line_may_be_that_of_its_last_value(module: Modules) -> None:
    steps = {"mode": "absolute", "steps": [{"value": None, "color": "green"}, {"value": 5, "color": "red"}]}
    time = {"name": "Time", "type": "time", "values": [1, 2], "config": {"custom": {}}}
    fields = [time, field("a", [9, 1], color={"mode": "thresholds"}, thresholds=steps)]
    (series,) = module(
        "dashboards/panels/timeseries.js", f"(m, fs) => m.chartSeries(fs, {PAGE})", [{"length": 2, "fields": fields}]
    )
    assert series["colour"] == "page-green"


def test_of_an_odd_run_of_figures_the_last_has_no_neighbour(module: Modules) -> None:
    kinds = ["stat", "gauge", "stat", "timeseries", "stat", "stat", "table", "stat"]
    alone = "(m, panels) => [...m.leftOver(panels)].map((one) => panels.indexOf(one))"
    assert module("dashboards/grid.js", alone, [{"panel": {"type": kind}} for kind in kinds]) == [2, 7]


def test_a_figure_has_an_entry_a_field_or_a_row(module: Modules) -> None:
    frame = {"length": 2, "fields": [field("name", ["x", "y"], "string"), field("Value", [1, 2])]}
    of = f"(m, [f, panel]) => m.figureSeries(f, panel, {PAGE}).map((one) => [one.name, one.value ?? one.values])"
    assert module("dashboards/panels/figures.js", of, [[frame], {}]) == [["Value", [1, 2]]]
    per_row = {"options": {"reduceOptions": {"values": True}}}
    assert module("dashboards/panels/figures.js", of, [[frame], per_row]) == [["x", 1], ["y", 2]]


def test_columns_keep_their_widths_shrink_a_little_or_let_the_table_scroll(module: Modules) -> None:
    fields = [field("a", [], custom={"width": 120}), field("b", [])]
    widths = "(m, [fields, rooms]) => rooms.map((room) => m.widthsOf(fields, room))"
    assert module("dashboards/panels/table.js", widths, [fields, [500, 200, 100]]) == [
        ["120px", None],
        ["57.1%", "42.9%"],
        ["120px", "90px"],
    ]


def call(part: str, client: str, server: str, value: float) -> dict[str, Any]:
    sample = {"labels": {"client": client, "server": server}, "time": 1, "value": value}
    return {"question": {"part": part}, "samples": [sample]}


def test_a_service_map_has_the_numbers_of_its_range_and_is_judged_by_its_newest_minute(module: Modules) -> None:
    over_the_range = [
        call("requests", "user", "frontend", 10),
        call("seconds", "user", "frontend", 0.5),
        call("failed", "user", "frontend", 4),
        call("requests", "gone", "frontend", 0),
    ]
    graph_of = "(m, answers) => m.graphOf(answers)"

    def shown(**newest: float) -> dict[str, Any]:
        calls = [{"client": "user", "server": "frontend", "calls": 12, **newest}] if newest else []
        answers = [*over_the_range, {"question": {"part": "newest"}, "calls": calls}]
        found: dict[str, Any] = module("dashboards/panels/node_graph.js", graph_of, answers)
        return found

    good, bad, idle = shown(errors=0), shown(errors=0.02), shown()
    assert [graph["edges"][0]["status"] for graph in (good, bad, idle)] == ["good", "bad", "unknown"]
    for graph in (good, bad, idle):
        (edge,), (frontend, user) = graph["edges"], graph["nodes"]
        assert (edge["mainStat"], edge["secondaryStat"]) == ("10/s", "50 ms")
        assert edge["label"] == (
            "user calls frontend: 10 requests per second, 40\u00a0% failed (4xx included), 50 ms on average"
        )
        assert (user["id"], user["status"], user["mainStat"]) == ("user", "unknown", "")
        assert (frontend["mainStat"], frontend["secondaryStat"]) == ("50 ms", "10 req/s")
        assert frontend["status"] == edge["status"]


def test_a_series_is_a_mark_each_time_it_begins(module: Modules) -> None:
    series = [{"labels": {"alertname": "Slow", "severity": "page"}, "times": [10, 15, 20, 300]}]
    annotation = {"name": "Alerts", "titleFormat": "{{alertname}} {{gone}}", "tagKeys": "severity, gone"}
    marks = module("dashboards/annotations.js", "(m, [s, a]) => m.marksOfSeries(s, 5, 400, a)", [series, annotation])
    words = {"title": "Slow", "text": "", "tags": ["page"]}
    assert marks == [{"time": 10, "timeEnd": 20, **words}, {"time": 300, **words}]


def test_a_line_is_a_mark_with_its_words(module: Modules) -> None:
    line = {"time": 7, "line": "{}", "labels": {"service": "lab"}, "fields": {"message": "slowed", "kind": "fault"}}
    annotation = {"name": "Faults", "titleFormat": "{{kind}}", "textFormat": "{{message}}", "tagKeys": "kind"}
    marks = module("dashboards/annotations.js", "(m, [l, a]) => m.marksOfLines(l, a)", [[line], annotation])
    assert marks == [{"time": 7, "title": "fault", "text": "slowed", "tags": ["fault"]}]


def at(x: int, y: int, w: int = 6, h: int = 4) -> dict[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}


def test_rows_hold_the_panels_below_them_and_their_own_when_collapsed(module: Modules) -> None:
    panels = [
        {
            "id": 4,
            "type": "row",
            "title": "Closed",
            "collapsed": True,
            "gridPos": at(0, 9),
            "panels": [{"id": 5, "gridPos": at(0, 10)}],
        },
        {"id": 1, "type": "stat", "gridPos": at(6, 0)},
        {"id": 2, "type": "row", "title": "Open", "gridPos": at(0, 4)},
        {"id": 3, "type": "table", "gridPos": at(12, 5, 24)},
        {"id": 6, "type": "stat", "gridPos": at(0, 0)},
    ]
    sections = module("dashboards/sections.js", "(m, panels) => m.sectionsOf(panels)", panels)
    assert [
        (s["title"], s["collapsed"], [(p["panel"]["id"], p["x"], p["y"], p["w"]) for p in s["panels"]])
        for s in sections
    ] == [
        (None, False, [(6, 0, 0, 6), (1, 6, 0, 6)]),
        ("Open", False, [(3, 12, 0, 12)]),
        ("Closed", True, [(5, 0, 0, 6)]),
    ]


def test_series_share_a_column_of_times_in_csv(module: Modules) -> None:
    def frame(title: str, times: list[int], values: list[Any]) -> dict[str, Any]:
        return {"length": 2, "fields": [field("Time", times, "time"), field(title, values)]}

    frames = [frame("a, b", [0, 5], [1, 2]), frame("=c", [5, 10], [3, None])]
    assert module("dashboards/csv.js", "(m, frames) => m.csvOf(frames)", frames).split("\r\n") == [
        'Time,"a, b",\'=c',
        "1970-01-01T00:00:00.000Z,1,",
        "1970-01-01T00:00:05.000Z,2,3",
        "1970-01-01T00:00:10.000Z,,",
        "",
    ]
