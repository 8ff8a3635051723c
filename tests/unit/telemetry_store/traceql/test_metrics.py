"""TraceQL metrics over a small block of spans."""

from __future__ import annotations

import math

import numpy as np
import pytest

from telemetry_store.deadline import Deadline
from telemetry_store.traces.columns import SpanBlock
from telemetry_store.traces.query_language.metrics import evaluate
from telemetry_store.traces.query_language.parser import parse
from telemetry_store.traces.query_language.quantiles import buckets_of, quantile_of
from telemetry_store.traces.query_language.series import Series
from telemetry_store.traces.query_language.time_grid import TimeGrid, default_step

SECOND = 10**9
#: Points at 5 s and 10 s: the first has the spans of two traces, the second those of the third.
GRID = TimeGrid(0, 10 * SECOND, 5 * SECOND)


def series(block: SpanBlock, query: str, grid: TimeGrid = GRID, exemplars: int = 0) -> list[Series]:
    return evaluate(parse(query), [block], grid, exemplars, 0, Deadline())[0]


def values(block: SpanBlock, query: str) -> dict[str, list[float | None]]:
    """Points of each series by its labels as text."""
    return {
        ",".join(f"{name}={value}" for name, value in one.labels): [
            None if math.isnan(value) else value for value in one.values.tolist()
        ]
        for one in series(block, query)
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{} | count_over_time()", {"__name__=`count_over_time`": [6, 2]}),
        ("{} | rate()", {"__name__=`rate`": [1.2, 0.4]}),
        ('{ name = "nope" } | rate()', {"__name__=`rate`": [0, 0]}),
        ('{ name = "nope" } | rate() by (name)', {}),
        ('{ name = "nope" } | max_over_time(duration)', {}),
        (
            "{} | count_over_time() by (resource.service.name)",
            {"resource.service.name=`bank`": [3, 1], "resource.service.name=`shop`": [3, 1]},
        ),
        # A label that a span has not is left out, and one that none has is nil.
        (
            "{ kind = server } | count_over_time() by (span.share)",
            {"span.share=`nil`": [2, 0], "span.share=0.5": [1, 0]},
        ),
        ("{} | count_over_time() by (span.nope)", {"span.nope=`nil`": [6, 2]}),
        (
            "{} | count_over_time() by (status)",
            {"status=`error`": [3, 0], "status=`ok`": [0, 1], "status=`unset`": [3, 1]},
        ),
        ("{ status = error } | min_over_time(duration)", {"__name__=`min_over_time`": [0.06, None]}),
        ("{ status = error } | max_over_time(duration)", {"__name__=`max_over_time`": [0.1, None]}),
        ("{} | sum_over_time(span.rows)", {"__name__=`sum_over_time`": [13, 3]}),
        ("{} | avg_over_time(span.rows)", {"__name__=`avg_over_time`": [6.5, 3]}),
        ("{} | avg_over_time(name)", {}),
        ("{} | histogram_over_time(span.rows)", {"__bucket=16.0": [1, 0], "__bucket=4.0": [1, 1]}),
        ("{} | quantile_over_time(span.rows, 1, .5)", {"p=0.5": [4, 4], "p=1.0": [16, 4]}),
        # Later stages.
        (
            "{} | count_over_time() by (kind) | topk(1)",
            {"kind=`internal`": [None, 2], "kind=`server`": [3, None]},
        ),
        ("{} | count_over_time() by (kind) | bottomk(1)", {"kind=`client`": [1, None], "kind=`server`": [None, 0]}),
        ("{} | rate() > 1", {"__name__=`rate`": [1.2, None]}),
        ("{} | rate() by (kind) >= 0.6 | topk(5)", {"kind=`server`": [0.6, None]}),
        # After a structural operator and a pipeline.
        ("{ kind = server } > {} | count_over_time()", {"__name__=`count_over_time`": [3, 1]}),
        ("{} | count() > 2 | count_over_time()", {"__name__=`count_over_time`": [5, 0]}),
    ],
)  # fmt: skip
def test_a_query_makes_its_series(block: SpanBlock, query: str, expected: dict[str, list[float | None]]) -> None:
    found = values(block, query)
    assert found.keys() == expected.keys()
    for labels, points in expected.items():
        assert found[labels] == pytest.approx(points), labels


def test_a_span_belongs_to_the_step_that_ends_at_its_start_or_after(block: SpanBlock) -> None:
    # The list was asked for at 5 s exactly.
    (one,) = series(block, '{ name = "GET /list" } | count_over_time()')
    assert one.values.tolist() == [1, 0]
    (one,) = series(block, '{ name = "GET /list" } | count_over_time()', TimeGrid(5 * SECOND, 10 * SECOND, 5 * SECOND))
    assert one.values.tolist() == [0]


def test_an_instant_query_has_one_point(block: SpanBlock) -> None:
    (one,) = series(block, "{} | rate()", TimeGrid(0, 10 * SECOND, 10 * SECOND, instant=True))
    assert one.values.tolist() == pytest.approx([0.8])


def test_exemplars_name_their_trace_and_the_value(block: SpanBlock) -> None:
    (one,) = series(block, "{ status = error } | max_over_time(duration)", exemplars=10)
    (exemplar,) = one.exemplars
    assert exemplar.milliseconds == 1000
    assert exemplar.value == pytest.approx(0.1)
    assert {name: str(value) for name, value in exemplar.labels} == {
        "trace:id": "`1`", "status": "`error`", "duration": "`100ms`",
    }  # fmt: skip


def test_comparison_counts_values_of_both_kinds(block: SpanBlock) -> None:
    found = values(block, '{ name != "orphan" } | compare({ status = error }, 1)')
    assert found["__meta_type=`selection`,resource.service.name=`shop`"] == [2, 0]
    assert found["__meta_type=`selection_total`,resource.service.name=`nil`"] == [3, 0]
    assert found["__meta_type=`baseline_total`,span.rows=`nil`"] == [2, 1]
    assert "__meta_type=`selection`,resource.service.name=`bank`" not in found


def test_too_many_series_are_cut_off(block: SpanBlock) -> None:
    found, limit = evaluate(parse("{} | rate() by (name)"), [block], GRID, 0, 3, Deadline())
    assert (len(found), limit) == (3, 3)


@pytest.mark.parametrize(("values", "bounds"), [([2, 3, 4, 5, 8, 9], [2, 4, 4, 8, 8, 16]), ([2.0**40 + 1], [2.0**41])])
def test_buckets_are_powers_of_two(values: list[float], bounds: list[float]) -> None:
    assert buckets_of(np.array(values, np.float64)).tolist() == bounds


@pytest.mark.parametrize(
    ("quantile", "buckets", "expected"),
    [
        (0.5, [], 0.0),
        (1.0, [(8.0, 4)], 8.0),
        # Half of a bucket by the logarithm.
        (0.5, [(8.0, 4)], 4 * math.sqrt(2)),
        (0.5, [(4.0, 2), (64.0, 2)], 4.0),
        (0.75, [(4.0, 2), (64.0, 2)], 16.0),
        (0.0, [(4.0, 1), (8.0, 1)], 4.0),
    ],
)
def test_quantiles_lie_within_their_bucket(quantile: float, buckets: list[tuple[float, int]], expected: float) -> None:
    assert quantile_of(quantile, buckets) == pytest.approx(expected)


def test_a_grid_lies_on_multiples_of_its_step() -> None:
    grid = TimeGrid.aligned(67 * SECOND, 181 * SECOND, 60 * SECOND)
    assert (grid.start, grid.end, grid.count) == (60 * SECOND, 240 * SECOND, 3)
    assert [grid.milliseconds(point) for point in range(grid.count)] == [120_000, 180_000, 240_000]
    assert TimeGrid.aligned(167 * SECOND, 181 * SECOND, 60 * SECOND).start == 60 * SECOND


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(1800, 5.0), (3600, 15.0), (3660, 15.0), (86_400, 300.0), (600, 2.0),
     (60, 1.0), (30, 0.1), (1, 0.05)],
)  # fmt: skip
def test_the_default_step_is_a_round_one(seconds: int, step: float) -> None:
    assert default_step(0, seconds * SECOND) / SECOND == pytest.approx(step)
