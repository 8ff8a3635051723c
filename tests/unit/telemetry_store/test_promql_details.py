"""What is subtle in PromQL: ties, sums that cancel, `@`, matching over time, literals, printing, places of errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.deadline import Deadline
from telemetry_store.metrics.answers import matrix, show_value
from telemetry_store.metrics.query_language.evaluator import Scalar, evaluate
from telemetry_store.metrics.query_language.over_time import OVER_TIME
from telemetry_store.metrics.query_language.parser import parse
from telemetry_store.metrics.query_language.printer import pretty, show, show_duration, show_number
from telemetry_store.metrics.query_language.windows import apply
from telemetry_store.metrics.selection import Selection
from telemetry_store.metrics.storage import MetricStorage
from telemetry_store.refusals import BadRequest, TimedOut, Unprocessable
from telemetry_store.vector_matching import DuplicateSeries, Matching, MultipleMatches, combine
from telemetry_store.vectors import Grouping, Vector, aggregate

Fill = Callable[[str, list[tuple[float, float]]], None]


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[MetricStorage]:
    storage = MetricStorage(tmp_path)
    yield storage
    storage.close()


@pytest.fixture
def fill(storage: MetricStorage) -> Fill:
    def add(name: str, samples: list[tuple[float, float]]) -> None:
        series = storage.series_of((("__name__", name),))
        storage.append([(series, value, round(seconds * 1000)) for seconds, value in samples])

    return add


def over(storage: MetricStorage, query: str, start: int = 0, end: int = 60, step: int = 10) -> list[float]:
    """The values of the only series, None where there is none."""
    value, _ = evaluate(storage, parse(query), start * 1000, end * 1000, step * 1000, Deadline())
    if isinstance(value, Scalar):
        return value.values.tolist()
    assert isinstance(value, Vector)
    if not value.labels:
        return []
    (row,), (here,) = value.values.tolist(), value.present.tolist()
    return [number if there else None for number, there in zip(row, here, strict=True)]


def vector(*rows: tuple[dict[str, str], list[float | None]]) -> Vector:
    values = np.array([[math.nan if v is None else v for v in row] for _, row in rows], dtype=float)
    return Vector([labels for labels, _ in rows], values, np.array([[v is not None for v in row] for _, row in rows]))


def test_large_values_that_cancel_leave_the_small_ones(storage: MetricStorage, fill: Fill) -> None:
    fill("a", [(1, 1.0), (2, 1e100), (3, 1.0), (4, -1e100)])
    assert over(storage, "sum_over_time(a[10s])", 10, 10) == [2.0]


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=40), st.integers(1, 50))
def test_sums_of_one_sign_are_the_same_by_halves_as_one_by_one(values: list[float], length: int) -> None:
    times = np.arange(len(values), dtype=np.int64) * 1000
    found = Selection([{}], np.array([0, len(values)]), times, np.array(values))
    ends = np.arange(-5, len(values) + 5, dtype=np.int64) * 1000
    sums, present = apply(OVER_TIME["sum_over_time"], found, ends, ends, length * 1000, Deadline())
    for end, total, here in zip(ends.tolist(), sums[0].tolist(), present[0].tolist(), strict=True):
        inside = [v for t, v in zip(times.tolist(), values, strict=True) if end - length * 1000 <= t <= end]
        assert here == bool(inside)
        assert not inside or total == pytest.approx(math.fsum(inside), rel=1e-12)


def test_what_is_held_by_at_is_evaluated_once(storage: MetricStorage, fill: Fill) -> None:
    fill("a", [(t, float(t)) for t in range(0, 61, 10)])
    assert over(storage, "a @ 20", 0, 30) == [20.0] * 4
    assert over(storage, "a @ end() - a", 0, 30) == [30.0, 20.0, 10.0, 0.0]
    assert over(storage, "a @ start() offset -10s", 0, 20) == [10.0] * 3
    assert over(storage, "a @ 1e15", 0, 0) == []


def test_a_subquery_is_evaluated_at_multiples_of_its_step(storage: MetricStorage, fill: Fill) -> None:
    fill("a", [(t, float(t)) for t in range(0, 61)])
    assert over(storage, "sum_over_time(a[10s:4s])", 13, 13) == [4.0 + 8 + 12]
    assert over(storage, "min_over_time(vector(time())[10s:4s])", 13, 13) == [4.0]


def test_a_comparison_with_itself_at_another_time_keeps_series_that_change(storage: MetricStorage, fill: Fill) -> None:
    fill("a", [(0, 1.0), (10, 1.0), (20, 2.0)])
    assert over(storage, "a > a offset 10s", 10, 20) == [None, 2.0]
    assert over(storage, "a == bool a offset 10s", 10, 20) == [1.0, 0.0]


def test_series_that_follow_each_other_become_one_when_they_lose_their_difference() -> None:
    both = vector(({"__name__": "a"}, [1.0, None]), ({"__name__": "b"}, [None, 2.0]))
    doubled = combine("*", both, np.array([2.0, 2.0]))
    assert (doubled.labels, doubled.values.tolist()) == ([{}], [[2.0, 4.0]])
    with pytest.raises(Unprocessable, match="same labelset"):
        combine("*", vector(({"__name__": "a"}, [1.0]), ({"__name__": "b"}, [2.0])), np.array([2.0]))


def test_matching_is_judged_at_every_instant() -> None:
    left = vector(({"x": "1"}, [1.0, 2.0]))
    takes_turns = vector(({"x": "1", "y": "a"}, [10.0, None]), ({"x": "1", "y": "b"}, [None, 20.0]))
    assert combine("+", left, takes_turns, Matching(("x",), on=True)).values.tolist() == [[11.0, 22.0]]
    together = vector(({"x": "1", "y": "a"}, [10.0, 1.0]), ({"x": "1", "y": "b"}, [None, 20.0]))
    with pytest.raises(DuplicateSeries, match=r'match group \{x="1"\} on the right hand-side'):
        combine("+", left, together, Matching(("x",), on=True))
    with pytest.raises(MultipleMatches, match="must be explicit"):
        combine("+", together, left, Matching(("x",), on=True))


def test_which_of_equals_topk_takes_is_what_a_heap_leaves() -> None:
    rows = vector(*(({"n": str(number)}, [value]) for number, value in enumerate([1.0, 3.0, 1.0, 1.0, 2.0])))
    chosen = aggregate("topk", rows, Grouping(), 3)
    assert [labels["n"] for labels in chosen.labels] == ["1", "4", "2"]
    assert chosen.values[:, 0].tolist() == [3.0, 2.0, 1.0]
    nan_last = vector(({"n": "0"}, [math.nan]), ({"n": "1"}, [1.0]))
    assert [labels["n"] for labels in aggregate("bottomk", nan_last, Grouping(), 2).labels] == ["1", "0"]


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ("sum(up)by(a)", "sum by (a) (up)"),
        ("rate(a{x='1',b!=`2`}[90s]offset 1d)", 'rate(a{b!="2",x="1"}[1m30s] offset 1d)'),
        ("a*on(x)group_left(y)b", "a * on (x) group_left (y) b"),
        ("a@start()", "a @ start()"),
        ("a @ 1.5 offset -1w", "a @ 1.500 offset -1w"),
        ("a[1h:]", "a[1h:]"),
        ("-(0x10)", "-(16)"),
        ("1>bool 2", "1 > bool 2"),
    ],
)
def test_an_expression_has_one_way_of_writing(query: str, printed: str) -> None:
    assert show(parse(query)) == printed
    assert show(parse(printed)) == printed


def test_a_long_expression_is_spread_over_lines() -> None:
    name = "a_metric_with_quite_a_long_name_that_alone_takes_half_of_a_line"
    assert pretty(parse(f"sum by (x) (rate({name}[5m])) / {name}")) == (f"  sum by (x) (rate({name}[5m]))\n/\n  {name}")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e6, "1e+06"), (123456.0, "123456"), (1e-5, "1e-05"), (0.0001, "0.0001"), (-0.0, "-0"), (math.inf, "+Inf")],
)
def test_numbers_in_expressions(value: float, text: str) -> None:
    assert show_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e20, "100000000000000000000"), (1e21, "1e+21"), (1e-6, "0.000001"), (9e-7, "9e-07"), (-0.0, "-0"), (0.1, "0.1")],
)
def test_numbers_in_answers(value: float, text: str) -> None:
    assert show_value(value) == text
    plain = matrix(vector(({}, [value, 5.0])), np.array([1000, 2500]), Deadline())[0]["values"]
    assert orjson.dumps(plain) == f'[[1,"{text}"],[2.500,"5"]]'.encode()


def test_durations() -> None:
    assert [show_duration(ms) for ms in (0, 1, 90_000, 86_400_000 * 8, 86_400_000 * 14)] == [
        "0s", "1ms", "1m30s", "8d", "2w"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "1:1: parse error: no expression found in input"),
        ("rate(up)", '1:6: parse error: expected type range vector in call to function "rate", got instant vector'),
        ("sum(\n1)", "2:1: parse error: expected type instant vector in aggregation expression, got scalar"),
        ("'é' + up", "1:1: parse error: binary expression must contain only scalar and instant vector types"),
        ("up{a='é'} 1", '1:12: parse error: unexpected number "1"'),
        ("up[5m:1]", '1:7: parse error: unexpected number "1" in subquery selector, expected duration or "]"'),
        ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
        ("up * 5m", '1:6: parse error: unexpected duration "5m"'),
        ('{"up"}', r'1:2: parse error: unexpected string "\"up\"" in label matching, expected identifier or "}"'),
        ("up offset 5", '1:11: parse error: unexpected number "5" in offset, expected duration'),
        ("sum by (1) (up)", '1:9: parse error: unexpected number "1" in grouping opts, expected label'),
    ],
)
def test_an_error_says_where_it_is(query: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(query)
    assert str(refused.value) == message


@given(st.text("upsmratebyon()[]{}5m:,.+-*/^=!~<>@\"'` \n#1aé", max_size=30))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        tree = parse(text)
    except BadRequest:
        return
    assert show(parse(show(tree))) == show(tree)


def test_ranges_of_very_many_samples_are_cut_off(storage: MetricStorage, fill: Fill) -> None:
    fill("a", [(t, 1.0 + t) for t in range(2)])
    late = Deadline(0)
    with pytest.raises(TimedOut):
        evaluate(storage, parse("stddev_over_time(a[1m:10ms])"), 0, 60_000, 10, late)
    with pytest.raises(Unprocessable, match="too many samples"):
        evaluate(storage, parse("sum_over_time(vector(1)[10y:1ms])"), 0, 0, 1, Deadline())
