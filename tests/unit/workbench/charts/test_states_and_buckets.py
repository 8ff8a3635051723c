"""Mappings, thresholds, histogram buckets and states: what a value looks like."""

from typing import Any

import pytest

from tests.browser import Modules

DISPLAY = {
    "unit": "s",
    "thresholds": [
        {"value": None, "colour": "green"}, {"value": 0.25, "colour": "orange"}, {"value": 0.5, "colour": "red"},
    ],
    "mappings": [
        {"type": "value", "options": {"604800": {"text": "never", "color": "blue"}, "up": {"text": "works"}}},
        {"type": "range", "options": {"from": 100, "to": 200, "result": {"text": "slow"}}},
        {"type": "regex", "options": {"pattern": "/^v(\\d+)$/", "result": {"text": "version $1"}}},
        {"type": "special", "options": {"match": "null+nan", "result": {"text": "no data yet", "color": "grey"}}},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text", "colour"),
    [
        ("0.1", "100 ms", "green"),
        ("0.25", "250 ms", "orange"),
        ("7", "7 s", "red"),
        ("-Infinity", "-∞", "green"),
        ("604800", "never", "blue"),
        ("150", "slow", "red"),
        ("NaN", "no data yet", "grey"),
        ("null", "no data yet", "grey"),
        ("'up'", "works", None),
        ("'v12'", "version 12", None),
        ("'<script>'", "<script>", None),
    ],
)
def test_a_value_is_shown_by_mapping_else_by_unit(module: Modules, value: str, text: str, colour: str | None) -> None:
    shown = module("chart/values.js", f"(m, display) => m.displayed({value}, display)", DISPLAY)
    assert (shown["text"], shown["colour"]) == (text, colour)


def test_percentages_of_the_range_are_thresholds_too(module: Modules) -> None:
    display = {**DISPLAY, "thresholdMode": "percentage", "min": 0, "max": 200, "thresholds": [
        {"value": None, "colour": "green"}, {"value": 50, "colour": "red"}]}  # fmt: skip
    colours = module("chart/values.js", "(m, d) => [99, 100].map((value) => m.displayed(value, d).colour)", display)
    assert colours == ["green", "red"]


def test_a_broken_pattern_of_a_mapping_maps_nothing(module: Modules) -> None:
    mappings = [{"type": "regex", "options": {"pattern": "/(/", "result": {"text": "?"}}}]
    assert module("chart/values.js", "(m, mappings) => m.mapped('abc', mappings)", mappings) is None


GRID = """(m, [rows, options]) =>
  m.gridFromSeries(rows.map(([labels, times, values]) => ({labels, times, values})), options)"""


def _grid(module: Modules, rows: list[Any], options: dict[str, Any] | None = None) -> Any:
    return module("chart/buckets.js", GRID, [rows, options or {}])


def test_buckets_of_prometheus_count_the_smaller_ones_too(module: Modules) -> None:
    grid = _grid(module, [
        [{"le": "+Inf"}, [0, 15], [9, 12]], [{"le": "0.1"}, [0, 15], [2, 3]], [{"le": "0.5"}, [0, 15], [7, 12]],
    ])  # fmt: skip
    assert grid["rows"] == [{"low": 0, "high": 0.1}, {"low": 0.1, "high": 0.5}, {"low": 0.5, "high": "Infinity"}]
    assert grid["counts"] == [[2, 3], [5, 9], [2, 0]]
    assert grid["step"] == 15


def test_a_bucket_that_lags_behind_counts_nothing_rather_than_less(module: Modules) -> None:
    grid = _grid(module, [[{"le": "1"}, [0], [5]], [{"le": "2"}, [0], [4]]])
    assert grid["counts"] == [[5], [0]]


def test_several_series_of_one_bucket_are_added(module: Modules) -> None:
    grid = _grid(module, [[{"le": "1", "pod": "a"}, [0], [5]], [{"le": "1", "pod": "b"}, [0], [2]]])
    assert grid["counts"] == [[7]]


def test_buckets_of_tempo_stand_for_themselves(module: Modules) -> None:
    grid = _grid(module, [[{"__bucket": "0.25"}, [0], [5]], [{"__bucket": "0.5"}, [0], [4]]])
    assert (grid["counts"], grid["rows"][0]) == ([[5], [4]], {"low": 0.125, "high": 0.25})


def test_rows_that_count_nothing_are_cut_but_for_one_on_either_side(module: Modules) -> None:
    rows = module(
        "chart/buckets.js",
        """m => m.cropped(m.gridFromBuckets({times: [0, 15], buckets: [1, 2, 3, 4, 5, Infinity],
                          counts: [[0, 0], [0, 0], [0, 3], [0, 0], [0, 0], [0, 0]]})).rows""",
    )
    assert rows == [{"low": 1, "high": 2}, {"low": 2, "high": 3}, {"low": 3, "high": 4}]


def test_a_value_lies_in_its_bucket_in_proportion(module: Modules) -> None:
    rows = "[{low: 0, high: 1}, {low: 1, high: 100}, {low: 100, high: Infinity}]"
    places = module("chart/buckets.js", f"m => [0, 0.5, 1, 10, 1000, -1].map((value) => m.rowPlace({rows}, value))")
    assert places == [0, 0.5, 1, 1.5, 2.5, "NaN"]


SPANS = """(m, [values, options]) =>
  m.spansOf({times: values.map((_, i) => i * 10), values: values.map((v) => v ?? NaN)}, options)"""


def test_equal_neighbours_are_one_state_and_gaps_end_it(module: Modules) -> None:
    spans = module("chart/spans.js", SPANS, [[1, 1, 0, None, 0, 0], {"unit": "none"}])
    assert [(span["from"], span["to"], span["text"]) for span in spans] == [(0, 20, "1"), (20, 30, "0"), (40, 60, "0")]


def test_states_can_stay_apart_and_be_text(module: Modules) -> None:
    spans = module("chart/spans.js", SPANS, [["a", "a", "b"], {"merge": False}])
    assert [(span["from"], span["to"], span["text"]) for span in spans] == [(0, 10, "a"), (10, 20, "a"), (20, 30, "b")]


@pytest.mark.parametrize(
    ("count", "width", "height", "orientation", "columns"),
    [(3, 400, 100, "auto", 3), (3, 100, 400, "auto", 1), (4, 400, 200, "auto", 2), (3, 400, 100, "horizontal", 1)],
)
def test_figures_fill_their_box(
    module: Modules, count: int, width: int, height: int, orientation: str, columns: int
) -> None:
    grid = module("chart/tiles.js", "(m, [...all]) => m.grid(...all, 2.4)", [count, width, height, orientation])
    assert grid["columns"] == columns
