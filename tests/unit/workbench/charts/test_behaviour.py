"""Charts as people use them: pointing, dragging, clicking, typing; and leaving nothing behind."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.unit.workbench.charts.showing import Gallery

Show = Callable[..., Gallery]

SIMPLE = {
    "series": [
        {"name": "frontend", "times": [0, 60, 120, 180], "values": [1, 2, 3, 4]},
        {"name": "backend", "times": [0, 60, 120, 180], "values": [4, 3, 2, 1]},
    ],
    "range": {"from": 0, "to": 180},
    "exemplars": [
        {"time": 90, "value": 2.5, "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "attributes": {"http.route": "/"}}
    ],
}


@pytest.fixture
def simple(gallery: Show) -> Gallery:
    charts = gallery("lines")
    charts.options("lines", {"unit": "reqps", "min": 0, "max": 5, "legend": "list"})
    charts.update("lines", SIMPLE)
    return charts


def _at(charts: Gallery, time: float, value: float) -> Any:
    """The pixel of a time and a value in `simple`, as a position in the plot."""
    box = charts.plot("lines").bounding_box()
    assert box is not None
    left, right, top, bottom = 56, box["width"] - 10, 8, box["height"] - 20
    return {"x": left + (right - left) * time / 180, "y": bottom - (bottom - top) * value / 5}


def test_pointing_shows_every_series_at_that_time(simple: Gallery) -> None:
    simple.plot("lines").hover(position=_at(simple, 118, 1))
    tooltip = simple.page.locator(".chart-tooltip")
    expect(tooltip.locator("tr")).to_have_count(2)
    expect(tooltip).to_contain_text("frontend3 req/s")
    expect(tooltip).to_contain_text("backend2 req/s")
    expect(tooltip.locator(".is-near")).to_contain_text("backend")
    simple.page.mouse.move(0, 0)
    expect(tooltip).to_have_count(0)


def test_a_tooltip_can_be_sorted_and_single(simple: Gallery) -> None:
    simple.options("lines", {"tooltipSort": "asc"})
    simple.plot("lines").hover(position=_at(simple, 118, 1))
    names = simple.page.locator(".chart-tooltip th")
    expect(names).to_have_text(["backend", "frontend"])
    simple.page.mouse.move(0, 0)
    simple.options("lines", {"tooltip": "single"})
    simple.plot("lines").hover(position=_at(simple, 118, 4.8))
    expect(names).to_have_text(["frontend"])


def test_a_click_on_an_exemplar_calls_back(simple: Gallery) -> None:
    simple.plot("lines").hover(position=_at(simple, 90, 2.5))
    expect(simple.page.locator(".chart-tooltip")).to_contain_text("4bf92f3577b34da6a3ce929d0e0e4736")
    simple.plot("lines").click(position=_at(simple, 90, 2.5))
    assert simple.calls("lines") == [["exemplar", SIMPLE["exemplars"][0]]]  # type: ignore[index]


def test_exemplars_are_reached_by_keyboard(simple: Gallery) -> None:
    simple.plot("lines").focus()
    simple.page.keyboard.press("e")
    expect(simple.says("lines")).to_contain_text("Exemplar 1 of 1: 2.5 req/s at")
    simple.page.keyboard.press("Enter")
    assert [call[0] for call in simple.calls("lines")] == ["exemplar"]


def test_arrow_keys_read_the_values_aloud(simple: Gallery) -> None:
    simple.plot("lines").focus()
    for key, text in (
        ("Home", ": frontend 1 req/s, backend 4 req/s"),
        ("ArrowRight", ": frontend 2 req/s, backend 3 req/s"),
        ("End", ": frontend 4 req/s, backend 1 req/s"),
        ("ArrowLeft", ": frontend 3 req/s, backend 2 req/s"),
        ("ArrowDown", ": frontend 3 req/s"),
        ("ArrowDown", ": backend 2 req/s"),
    ):
        simple.page.keyboard.press(key)
        expect(simple.says("lines")).to_have_text(_ending(text))


def _ending(text: str) -> Any:
    return re.compile(re.escape(text) + "$")


def test_all_values_are_there_as_a_table(simple: Gallery) -> None:
    simple.plot("lines").focus()
    simple.page.keyboard.press("t")
    table = simple.scene("lines").get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(["Time", "frontend", "backend"])
    expect(table.locator("tbody tr").first.locator("td")).to_have_text(["4 req/s", "1 req/s"])
    simple.page.keyboard.press("Escape")
    expect(table).to_have_count(0)
    expect(simple.plot("lines")).to_be_focused()


def test_dragging_zooms_in_and_a_double_click_out(simple: Gallery) -> None:
    box = simple.plot("lines").bounding_box()
    assert box is not None
    start, end = _at(simple, 45, 1), _at(simple, 135, 2)
    simple.page.mouse.move(box["x"] + start["x"], box["y"] + start["y"])
    simple.page.mouse.down()
    simple.page.mouse.move(box["x"] + end["x"], box["y"] + end["y"], steps=4)
    simple.page.mouse.up()
    simple.plot("lines").dblclick(position=_at(simple, 100, 4.9))
    (first, *zoomed), (second, *widened) = simple.calls("lines")
    assert (first, second) == ("zoom", "zoom")
    assert zoomed == pytest.approx([45, 135], abs=3)
    assert widened == pytest.approx([-90, 270], abs=1)


def test_a_click_in_the_legend_isolates_and_with_control_hides(simple: Gallery) -> None:
    legend = simple.scene("lines").locator(".chart-legend-name")
    pressed = [legend.nth(0), legend.nth(1)]

    def shown() -> list[str | None]:
        return [entry.get_attribute("aria-pressed") for entry in pressed]

    pressed[0].click()
    assert shown() == ["true", "false"]
    pressed[0].click()
    assert shown() == ["true", "true"]
    pressed[0].click(modifiers=["Control"])
    assert shown() == ["false", "true"]
    # What is hidden stays so when new values arrive.
    simple.update("lines", SIMPLE)
    assert shown() == ["false", "true"]


def test_a_legend_table_sorts_by_its_columns(gallery: Show) -> None:
    charts = gallery("table legend")
    rows = charts.scene("table legend").locator("tbody th")
    expect(rows).to_have_text(["frontend", "backend", "database"])
    charts.scene("table legend").get_by_role("button", name="Mean").click()
    expect(rows).to_have_text(["database", "backend", "frontend"])
    charts.scene("table legend").get_by_role("button", name="Name").click()
    expect(rows).to_have_text(["backend", "database", "frontend"])


def test_charts_of_a_group_point_at_the_same_time(gallery: Show) -> None:
    charts = gallery("lines", "gaps", "negative")
    for name in ("lines", "gaps"):
        charts.options(name, {"syncKey": "dashboard"})
    charts.plot("lines").hover(position={"x": 200, "y": 60})
    charts.page.wait_for_timeout(50)
    drawn = {name: any(charts.colours(name, layer=1)) for name in ("lines", "gaps", "negative")}
    assert drawn == {"lines": True, "gaps": True, "negative": False}
    assert charts.page.locator(".chart-tooltip").count() == 1


def test_an_annotation_says_what_happened(gallery: Show) -> None:
    charts = gallery("exemplars and annotations")
    box = charts.plot("exemplars and annotations").bounding_box()
    assert box is not None
    left, right = 56, box["width"] - 10
    charts.plot("exemplars and annotations").hover(position={"x": left + (right - left) * 400 / 900, "y": 20})
    expect(charts.page.locator(".chart-tooltip-note")).to_contain_text("fault: slow database (fault)")


def test_a_cell_of_a_heat_map_gives_its_bucket_and_time(gallery: Show) -> None:
    charts = gallery("heat map")
    counts = {(0, 0, 0.1): 4, (0, 0.1, 0.5): 1, (60, 0, 0.1): 2, (60, 0.1, 0.5): 8}
    cells = [
        {"from": start, "to": start + 60, "low": low, "high": high, "count": count}
        for (start, low, high), count in counts.items()
    ]
    charts.update("heat map", {"cells": cells, "range": {"from": 0, "to": 120}})
    box = charts.plot("heat map").bounding_box()
    assert box is not None
    charts.plot("heat map").click(position={"x": box["width"] - 40, "y": 30})
    assert charts.calls("heat map") == [["cell", cells[-1]]]
    charts.plot("heat map").focus()
    charts.page.keyboard.press("ArrowDown")
    expect(charts.says("heat map")).to_have_text(_ending(", up to 100 ms: 2 req/s"))


def test_states_are_read_by_keyboard(gallery: Show) -> None:
    charts = gallery("timeline")
    charts.plot("timeline").focus()
    charts.page.keyboard.press("ArrowRight")
    expect(charts.says("timeline")).to_contain_text("AvailabilityFastBurn: good, ")
    charts.page.keyboard.press("ArrowRight")
    expect(charts.says("timeline")).to_contain_text("AvailabilityFastBurn: pending, ")
    charts.page.keyboard.press("ArrowDown")
    expect(charts.says("timeline")).to_contain_text("LatencyFastBurn: good, ")


def test_a_click_on_a_bar_zooms_to_what_it_counts(gallery: Show) -> None:
    charts = gallery("log volume")
    bars = {"name": "info", "times": [60, 120, 180], "values": [5, 5, 5]}
    charts.update("log volume", {"series": [bars], "range": {"from": 0, "to": 180}})
    box = charts.plot("log volume").bounding_box()
    assert box is not None
    charts.plot("log volume").click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert charts.calls("log volume") == [["zoom", 60, 120]]


def test_new_values_keep_the_focus_and_the_elements(gallery: Show) -> None:
    charts = gallery("table legend", "stat several", "bars")
    charts.scene("table legend").get_by_role("button", name="backend").focus()
    charts.page.evaluate(
        """() => {
             document.querySelectorAll("*").forEach((element) => { element.kept = true; });
             for (const { chart, data } of window.gallery.values()) chart.update(data);
           }"""
    )
    assert (
        charts.page.evaluate("() => [...document.querySelectorAll('*')].filter((element) => !element.kept).length") == 0
    )
    expect(charts.scene("table legend").get_by_role("button", name="backend")).to_be_focused()


def test_a_destroyed_chart_leaves_nothing_behind(gallery: Show) -> None:
    charts = gallery("sparkline")
    charts.page.evaluate("() => window.gallery.forEach(({ chart }) => chart.destroy())")
    charts.page.evaluate(
        """() => {
             window.live = { observers: 0, listeners: 0 };
             for (const kind of ["ResizeObserver", "IntersectionObserver"]) {
               const Original = window[kind];
               window[kind] = class extends Original {
                 constructor(...all) { super(...all); window.live.observers += 1; }
                 disconnect() { super.disconnect(); window.live.observers -= 1; }
               };
             }
             for (const target of [window, document, document.body]) {
               const add = target.addEventListener.bind(target);
               target.addEventListener = (...all) => { window.live.listeners += 1; add(...all); };
             }
           }"""
    )
    charts.show()
    charts.plot("lines").hover()
    live = charts.page.evaluate("window.live")
    assert live["observers"] > 80
    assert live["listeners"] == 0, "charts listen to their own elements only"
    charts.page.evaluate("() => window.gallery.forEach(({ chart }) => chart.destroy())")
    assert charts.page.evaluate("window.live.observers") == 0
    left = "() => [...document.querySelectorAll('[data-scene]')].filter((root) => root.childElementCount).length"
    assert charts.page.evaluate(left) == 0
    assert charts.page.locator(".chart-tooltip").count() == 0
