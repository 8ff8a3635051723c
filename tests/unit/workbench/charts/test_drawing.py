"""What is on the canvas, pixel by pixel: spikes, gaps, thresholds, sharpness, themes."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.unit.workbench.charts.showing import Gallery

Show = Callable[..., Gallery]

#: Room of axes at the sides, beyond which a column is inside the plot.
_EDGE = 60


def _series(values: list[float | None], name: str = "one") -> dict[str, Any]:
    return {"name": name, "times": list(range(len(values))), "values": values}


def _data(*series: dict[str, Any]) -> dict[str, Any]:
    return {"series": list(series), "range": {"from": 0, "to": len(series[0]["times"]) - 1}}


def test_a_spike_of_one_point_among_a_hundred_thousand_is_seen(gallery: Show) -> None:
    columns = gallery("spike").colours("spike")
    tall = [x for x, rows in enumerate(columns) if len(rows) > 100]
    assert 1 <= len(tall) <= 4, "one thin column reaches to the top"
    assert tall[0] / len(columns) == pytest.approx(0.5432, abs=0.04)


def test_a_gap_is_a_gap_and_a_joined_one_is_not(gallery: Show) -> None:
    charts = gallery("lines")
    values: list[float | None] = [5.0] * 40 + [None] * 20 + [5.0] * 40
    plain = {"fill": 0, "legend": "hidden", "min": 0, "lineWidth": 2}

    def empty() -> int:
        charts.page.wait_for_timeout(50)
        return sum(not rows for rows in charts.colours("lines")[_EDGE:-_EDGE])

    charts.options("lines", plain)
    charts.update("lines", _data(_series(values)))
    assert 40 < empty() < 90, "a fifth of the width is free"
    charts.options("lines", {"nullGap": 1000})
    assert empty() == 0


def test_a_lonely_point_is_drawn(gallery: Show) -> None:
    columns = gallery("one point").colours("one point")
    assert 2 <= sum(bool(rows) for rows in columns) <= 8


def test_canvases_lie_on_one_another_and_have_the_screens_pixels(gallery: Show) -> None:
    charts = gallery("lines")
    charts.plot("lines").hover(position={"x": 100, "y": 60})
    expect(charts.scene("lines").locator("canvas")).to_have_count(2)
    charts.page.wait_for_timeout(100)
    boxes = charts.page.evaluate(
        """() => [...document.querySelectorAll("canvas")].map((canvas) => {
             const { x, y, width, height } = canvas.getBoundingClientRect();
             return [x, y, width, height, canvas.width, canvas.height];
           })"""
    )
    charts.page.mouse.move(0, 0)
    assert len(boxes) == 2
    assert boxes[0] == boxes[1]
    _, _, width, height, pixels_across, pixels_down = boxes[0]
    assert (pixels_across, pixels_down) == (round(width), round(height))


def test_a_chart_keeps_up_with_its_box(gallery: Show) -> None:
    charts = gallery("lines")
    charts.scene("lines").evaluate("element => { element.style.width = '300px'; element.style.height = '180px'; }")
    canvas = charts.scene("lines").locator("canvas").first
    expect(canvas).to_have_attribute("width", "300")
    assert any(charts.colours("lines")[_EDGE:-_EDGE]), "drawn again at once"


def test_a_change_of_theme_draws_again(gallery: Show) -> None:
    charts = gallery("lines", "stat", "gauge", "heat map", "timeline")
    read = "() => [...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL())"
    before = charts.page.evaluate(read)
    charts.page.emulate_media(color_scheme="dark")
    charts.page.wait_for_timeout(100)
    after = charts.page.evaluate(read)
    drawn = [i for i, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    # A canvas for the cursor comes with the cursor.
    assert len(drawn) == 5


def test_moving_the_cursor_does_not_draw_the_lines_again(gallery: Show) -> None:
    charts = gallery("lines")
    charts.plot("lines").hover(position={"x": 90, "y": 60})
    expect(charts.scene("lines").locator("canvas")).to_have_count(2)
    charts.page.evaluate(
        """() => {
             window.drawn = [0, 0];
             document.querySelectorAll("canvas").forEach((canvas, i) => {
               const context = canvas.getContext("2d");
               const clear = context.clearRect.bind(context);
               context.clearRect = (...box) => { window.drawn[i] += 1; clear(...box); };
             });
           }"""
    )
    for x in range(100, 200, 10):
        charts.plot("lines").hover(position={"x": x, "y": 60})
    lines, cursor = charts.page.evaluate("window.drawn")
    assert lines == 0
    assert cursor > 0


def test_what_cannot_be_seen_is_not_drawn_until_it_can(gallery: Show) -> None:
    charts = gallery("lines", "spike")
    charts.scene("spike").evaluate("element => { element.style.marginTop = '3000px'; }")
    charts.page.wait_for_timeout(100)
    charts.update("spike", _data(_series([1.0, 2.0, 1.0])))
    charts.page.wait_for_timeout(100)
    before = charts.colours("spike")
    charts.scene("spike").scroll_into_view_if_needed()
    charts.page.wait_for_timeout(100)
    assert charts.colours("spike") != before


def test_thresholds_are_where_their_values_are(gallery: Show) -> None:
    charts = gallery("areas of thresholds")
    options = {
        "thresholds": [{"value": 0.5, "colour": "#F2495C"}], "thresholdStyle": "line", "legend": "hidden", "min": 0,
        "max": 1, "lineWidth": 0, "points": "never",
    }  # fmt: skip
    charts.options("areas of thresholds", options)
    charts.page.wait_for_timeout(50)
    middle = charts.colours("areas of thresholds")[200]
    height = charts.plot("areas of thresholds").evaluate("plot => plot.clientHeight")
    assert len(middle) in (1, 2)
    assert middle[0] == (8 + (height - 20 - 8) / 2) // 1


def test_stacks_stand_on_each_other(gallery: Show) -> None:
    charts = gallery("stacked area")
    charts.options("stacked area", {"unit": "short", "legend": "hidden", "fill": 100, "min": 0, "max": 4})
    charts.update("stacked area", _data(_series([1.0] * 50, "low"), _series([2.0] * 50, "high")))
    charts.page.wait_for_timeout(50)
    column = charts.colours("stacked area")[200]
    height = charts.plot("stacked area").evaluate("plot => plot.clientHeight")
    assert abs(len(column) - (height - 28) * 3 / 4) <= 2


def test_few_of_many_series_are_drawn_until_all_are_asked_for(gallery: Show) -> None:
    charts = gallery("many series")
    entries = charts.scene("many series").locator(".chart-legend-name")
    expect(entries).to_have_count(50)
    charts.scene("many series").get_by_role("button", name="Showing 50 of 312 series: show all").click()
    expect(entries).to_have_count(312)


def test_hostile_names_stay_text(gallery: Show) -> None:
    charts = gallery("lines", "stat several", "timeline", "bars")
    name = "<img src=x onerror=alert(1)>"
    for scene in ("lines", "timeline"):
        charts.update(scene, _data(_series([1.0, 2.0, 1.0], name)))
    charts.update("stat several", {"series": [{"name": name, "value": 1}]})
    charts.update("bars", {"series": [{"name": name, "value": 1}]})
    charts.plot("lines").hover()
    assert charts.page.locator("img").count() == 0
    expect(charts.scene("lines").get_by_role("button", name=name)).to_be_visible()


def test_every_scene_is_drawn_without_a_complaint_in_both_themes(gallery: Show) -> None:
    charts = gallery()
    charts.page.emulate_media(color_scheme="dark")
    charts.page.set_viewport_size({"width": 390, "height": 844})
    charts.page.wait_for_timeout(100)
    scenes = charts.page.locator("[data-scene]")
    assert scenes.count() > 40
    for scene in scenes.all():
        inside = scene.evaluate("element => element.scrollWidth <= element.clientWidth + 1")
        assert inside, scene.get_attribute("data-scene")
