"""What lies under the cursor: lines, layers of stacks, exemplars, annotations; and how far an axis reaches."""

from typing import Any

import pytest

from tests.browser import Modules

TWO = [
    {"name": "a", "times": [0, 10, 20, 30], "values": [1, 2, None, 4]},
    {"name": "b", "times": [5, 15], "values": [7, 8]},
]


@pytest.fixture
def model(module: Modules) -> Any:
    """model(body, series, options): `body` is a function of the module and of what `prepare` made of the series."""

    def called(body: str, series: list[dict[str, Any]], options: dict[str, Any] | None = None) -> Any:
        return module(
            "chart/series_model.js",
            f"""(m, [series, options]) => {{
              const plain = series.map((one) => ({{...one, values: one.values.map((v) => v ?? NaN)}}));
              const model = m.prepare({{series: plain, range: {{from: 0, to: 30}}}}, options, () => true);
              return ({body})(m, model);
            }}""",
            [series, options or {}],
        )

    return called


def test_the_cursor_goes_to_the_next_time_that_any_line_has_a_value_at(model: Any) -> None:
    steps = (
        "(m, {lines}) => [m.neighbourTime(lines, 5, 1), m.neighbourTime(lines, 15, 1), m.neighbourTime(lines, 5, -1)]"
    )
    assert model(steps, TWO) == [10, 30, 0]
    ends = "(m, {lines}) => [m.neighbourTime(lines, 30, 1), m.neighbourTime(lines, 0, -1), m.snapped(lines, 22)]"
    assert model(ends, TWO) == [None, None, 15]


def test_only_lines_with_a_value_near_are_read(model: Any) -> None:
    read = "(m, {lines}) => m.valuesAt(lines, 10, 3).map(({line, value}) => [line.series.name, value])"
    assert model(read, TWO) == [["a", 2]]


@pytest.mark.parametrize(("height", "name"), [(0.5, "low"), (2.9, "high"), (4, "high")])
def test_in_a_stack_the_layer_under_the_pointer_is_meant(model: Any, height: float, name: str) -> None:
    series = [{"name": "low", "times": [0, 10], "values": [1, 1]}, {"name": "high", "times": [0, 10], "values": [2, 2]}]
    nearest = f"""(m, {{lines}}) => m.nearestTo(m.valuesAt(lines, 0, 1), {height},
      () => ({{low: 0, to: (value) => value}}), Infinity).line.series.name"""
    assert model(nearest, series, {"stack": True}) == name


def test_a_series_of_another_unit_goes_to_the_right(model: Any) -> None:
    series = [{**TWO[0], "unit": "s"}, TWO[1], {**TWO[1], "unit": "s", "axis": "left"}]
    assert model("(m, {lines}) => lines.map(({axis}) => axis)", series, {"unit": "reqps"}) == ["right", "left", "left"]


def test_own_style_wins_over_the_charts(model: Any) -> None:
    series = [{**TWO[0], "style": {"fill": 0, "dash": [4, 4]}}, TWO[1]]
    styles = model(
        "(m, {lines}) => lines.map(({style}) => [style.fill, style.dash, style.draw])",
        series,
        {"fill": 10, "bars": True},
    )
    assert styles == [[0, [4, 4], "bars"], [10, None, "bars"]]


def test_exemplars_may_double_an_axis_but_not_flatten_the_lines(model: Any) -> None:
    high = "(m, {lines, range}) => [1, 14, 500].map((value) => m.reach(lines, range, [{value}]).high)"
    assert model(high, TWO) == [8, 14, 16]


FRAME = """{range: {from: 0, to: 100}, top: 0, bottom: 100, left: 0, right: 100, x: (time) => time,
  axes: new Map([["left", {scale: {high: 10, to: (value) => 100 - 10 * value}}]])}"""


def test_of_exemplars_in_one_place_the_highest_is_shown_and_what_is_above_lies_on_the_edge(module: Modules) -> None:
    placed = module(
        "chart/marks.js",
        f"""m => m.placeExemplars([{{time: 50, value: 5}}, {{time: 50.5, value: 5.1}}, {{time: 20, value: 700}},
               {{time: 400, value: 1}}, {{time: 60, value: NaN}}], {FRAME})
             .map(({{exemplar, x, y, above}}) => [exemplar.value, x, y, above])""",
    )
    assert placed == [[700, 20, 0, True], [5.1, 50.5, 49, False]]


def test_an_exemplar_is_hit_within_a_few_pixels_only(module: Modules) -> None:
    hits = module(
        "chart/marks.js",
        """m => {
             const placed = [{x: 50, y: 50}, {x: 56, y: 50}];
             return [[51, 52], [54, 50], [50, 60]].map(([x, y]) => m.exemplarAt(placed, x, y)?.x ?? null);
           }""",
    )
    assert hits == [50, 56, None]


def test_moments_are_hit_nearby_and_regions_all_over(module: Modules) -> None:
    hits = module(
        "chart/marks.js",
        f"""m => {{
             const all = [{{time: 20, text: "fault"}}, {{time: 40, timeEnd: 60, text: "load test"}}];
             return [23, 30, 41, 59, 70].map((x) => m.annotationsAt(all, {FRAME}, x).map(({{text}}) => text).join());
           }}""",
    )
    assert hits == ["fault", "", "load test", "load test", ""]


@pytest.mark.parametrize("ground", ["rgb(252, 253, 250)", "rgb(22, 29, 26)"])
def test_colours_become_legible_and_those_that_are_stay(module: Modules, ground: str) -> None:
    answer = module(
        "chart/contrast.js",
        """(m, ground) => ["#C7D0D9", "#FADE2A", "#73BF69", "#000", "#fff"].map((colour) => {
             const shown = m.legible(colour, ground, 4.5);
             return m.contrast(shown, ground) >= 4.5 && (m.contrast(colour, ground) < 4.5 || shown === colour);
           })""",
        ground,
    )
    assert answer == [True] * 5
