"""PromQL over samples that are written down: selectors, rates, aggregations, operators, quantiles, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from telemetry_store.deadline import Deadline
from telemetry_store.metrics.query_language.evaluator import Scalar, evaluate
from telemetry_store.metrics.query_language.parser import parse
from telemetry_store.metrics.samples import STALE
from telemetry_store.metrics.storage import MetricStorage
from telemetry_store.refusals import BadRequest, Refusal, Unprocessable, Unsupported
from telemetry_store.vectors import Vector, format_value

Ask = Callable[..., dict[str, float]]
#: The instant of every question, in seconds.
NOW = 1_000.0


def series_name(labels: dict[str, str]) -> str:
    name = labels.get("__name__", "")
    rest = ",".join(f"{key}={value}" for key, value in sorted(labels.items()) if key != "__name__")
    return name + (f"{{{rest}}}" if rest else "")


def labels_of(text: str) -> tuple[tuple[str, str], ...]:
    name, _, rest = text.rstrip("}").partition("{")
    pairs = [tuple(pair.split("=")) for pair in rest.split(",") if pair]
    return tuple(sorted([("__name__", name), *pairs]))  # type: ignore[list-item]


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[MetricStorage]:
    storage = MetricStorage(tmp_path)
    yield storage
    storage.close()


def fill(storage: MetricStorage, **series: dict[float, float]) -> None:
    for text, samples in series.items():
        handle = storage.series_of(labels_of(text))
        storage.append([(handle, value, round(at * 1000)) for at, value in samples.items()])


def ask(storage: MetricStorage, query: str, at: float = NOW) -> dict[str, float]:
    value, _ = evaluate(storage, parse(query), round(at * 1000), round(at * 1000), 1, Deadline())
    if isinstance(value, Scalar):
        return {"scalar": float(value.values[0])}
    assert isinstance(value, Vector)
    return {series_name(labels): float(row[0]) for labels, row in zip(value.labels, value.values, strict=True)}


def steps(first: float, *values: float, step: float = 10) -> dict[float, float]:
    return {first + step * number: value for number, value in enumerate(values)}


@pytest.fixture
def requests(storage: MetricStorage) -> MetricStorage:
    fill(
        storage,
        **{
            "requests{code=200,method=GET}": {NOW - 30: 10.0, NOW - 10: 30.0},
            "requests{code=200,method=POST}": {NOW - 10: 4.0},
            "requests{code=500,method=GET}": {NOW - 10: 2.0},
            "limit{code=200}": {NOW - 10: 100.0},
            "limit{code=404}": {NOW - 10: 7.0},
        },
    )
    return storage


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ('requests{code="500"}', {"requests{code=500,method=GET}": 2.0}),
        ('requests{method!="GET"}', {"requests{code=200,method=POST}": 4.0}),
        ('{code=~"5..|404"}', {"requests{code=500,method=GET}": 2.0, "limit{code=404}": 7.0}),
        ('requests{code=~"5"}', {}),
        ('requests{code!~"2.*"}', {"requests{code=500,method=GET}": 2.0}),
        ('limit{method=""}', {"limit{code=200}": 100.0, "limit{code=404}": 7.0}),
        ('requests{method="GET",code="200"} offset 15s', {"requests{code=200,method=GET}": 10.0}),
        ("requests offset -1h", {}),
        ("sum(requests)", {"": 36.0}),
        ("sum by (code) (requests)", {"{code=200}": 34.0, "{code=500}": 2.0}),
        ("count without (method) (requests)", {"{code=200}": 2.0, "{code=500}": 1.0}),
        ("max by (nothing) (requests)", {"": 30.0}),
        ("min(requests)", {"": 2.0}),
        ("avg by (method) (requests)", {"{method=GET}": 16.0, "{method=POST}": 4.0}),
        ("-limit", {"{code=200}": -100.0, "{code=404}": -7.0}),
        ("limit * 2 + 1", {"{code=200}": 201.0, "{code=404}": 15.0}),
        ("2 ^ 3 ^ 2", {"scalar": 512.0}),
        ("-7 % 4", {"scalar": -3.0}),
        ("1 / 0", {"scalar": math.inf}),
        ("limit > 50", {"limit{code=200}": 100.0}),
        ("limit > bool 50", {"{code=200}": 1.0, "{code=404}": 0.0}),
        ("50 < limit", {"limit{code=200}": 100.0}),
        ("3 >= bool 4", {"scalar": 0.0}),
        ("sum by (code) (requests) / limit", {"{code=200}": 0.34}),
        ("sum by (code) (requests) / on (code) limit", {"{code=200}": 0.34}),
        ('requests{method="GET"} / ignoring (method) limit', {"{code=200}": 0.3}),
        ("limit < on (code) sum by (code) (requests) + 1000", {"{code=200}": 100.0}),
        ("time()", {"scalar": NOW}),
        ("vector(3) + 1", {"": 4.0}),
        ('scalar(limit{code="404"})', {"scalar": 7.0}),
    ],
)
def test_a_query_has_its_answer(requests: MetricStorage, query: str, answer: dict[str, float]) -> None:
    assert ask(requests, query) == pytest.approx(answer)


@pytest.mark.parametrize(
    ("query", "refusal", "words"),
    [
        ("histogram_sum(requests)", Unsupported, "native histograms"),
        ("mad_over_time(requests[5m])", BadRequest, "unknown function"),
        ("requests[5]", BadRequest, "missing unit"),
        ("requests * 5m", BadRequest, "unexpected duration"),
        ("requests / on (code) limit", Unprocessable, "many-to-one matching must be explicit"),
        ("sum(", BadRequest, "unclosed"),
        ("{}", BadRequest, "non-empty"),
        ('requests{code=~"("}', BadRequest, "regexp"),
        ("nosuch(requests)", BadRequest, "nosuch"),
    ],
)
def test_what_cannot_be_evaluated_is_named(
    requests: MetricStorage, query: str, refusal: type[Refusal], words: str
) -> None:
    with pytest.raises(refusal, match=words):
        ask(requests, query)


def test_a_sample_counts_for_five_minutes_and_not_beyond_a_staleness_marker(storage: MetricStorage) -> None:
    fill(
        storage,
        old={NOW - 300.001: 1.0},
        edge={NOW - 300: 1.0},
        ended={NOW - 10: 1.0, NOW - 5: STALE},
        nan={NOW: math.nan},
    )
    assert ask(storage, '{__name__=~".+"}') == pytest.approx({"edge": 1.0, "nan": math.nan}, nan_ok=True)


@pytest.mark.parametrize(
    ("samples", "window", "expected"),
    [
        # Samples from edge to edge: nothing to extrapolate.
        (steps(-60, 0, 10, 20, 30, 40, 50, 60), 60, 60.0),
        # 5 s short at both ends, with 10 s between samples: extrapolated to the edges.
        (steps(-55, 100, 110, 120, 130, 140, 150), 60, 60.0),
        # A reset: 30 before it and 15 after.
        (steps(-50, 100, 120, 130, 5, 15, step=12.5), 50, 45.0),
        # No further back than where the counter was zero: 1 s before its first sample.
        (steps(-45, 1, 11, 21, 31, 41, step=10), 60, 40.0 * (40 + 1 + 5) / 40),
        # Far from the edges: half a gap at each end.
        (steps(-40, 100, 110, 120, step=10), 100, 20.0 * (20 + 5 + 5) / 20),
    ],
)
def test_increase_is_extrapolated_as_prometheus_does(
    storage: MetricStorage, samples: dict[float, float], window: int, expected: float
) -> None:
    fill(storage, a={NOW + at: value for at, value in samples.items()})
    assert ask(storage, f"increase(a[{window}s])") == {"": pytest.approx(expected)}
    assert ask(storage, f"rate(a[{window}s])") == {"": pytest.approx(expected / window)}


def test_irate_looks_at_the_last_two_samples(storage: MetricStorage) -> None:
    fill(storage, grows=steps(NOW - 20, 0, 10, 40), restarts=steps(NOW - 20, 0, 10, 4))
    assert ask(storage, "irate(grows[1m])") == {"": 3.0}
    assert ask(storage, "irate(restarts[1m])") == {"": pytest.approx(0.4)}
    assert ask(storage, "irate(grows[5s])") == {}


def test_a_rate_needs_two_samples_and_skips_staleness_markers(storage: MetricStorage) -> None:
    fill(storage, one={NOW - 5: 1.0}, two={NOW - 20: 1.0, NOW - 15: STALE, NOW - 10: 3.0})
    assert ask(storage, 'increase({__name__=~"one|two"}[20s])') == pytest.approx({"": 4.0})


def test_two_series_that_differ_in_name_alone_are_not_one(storage: MetricStorage) -> None:
    fill(storage, a=steps(NOW - 20, 1, 2, 3), b=steps(NOW - 20, 1, 2, 3))
    with pytest.raises(Unprocessable, match="same labelset"):
        ask(storage, 'rate({__name__=~"a|b"}[1m])')


@pytest.mark.parametrize(
    ("quantile", "expected"),
    [(0.5, 0.5 + 0.5 * (5 - 4) / 4), (0, 0.0), (0.9, 1.0), (1.0, 1.0), (1.1, math.inf), (-0.1, -math.inf)],
)
def test_a_quantile_lies_within_its_bucket(storage: MetricStorage, quantile: float, expected: float) -> None:
    buckets = {"0.5": 4.0, "1": 8.0, "+Inf": 10.0}
    fill(storage, **{f"seconds_bucket{{le={bound},route=a}}": {NOW: count} for bound, count in buckets.items()})
    assert ask(storage, f"histogram_quantile({quantile}, seconds_bucket)") == pytest.approx({"{route=a}": expected})


def test_buckets_that_lag_behind_and_histograms_without_infinity(storage: MetricStorage) -> None:
    lagging = {"0.5": 6.0, "1": 5.0, "+Inf": 10.0}
    fill(storage, **{f"a{{le={bound}}}": {NOW: count} for bound, count in lagging.items()})
    fill(storage, **{"b{le=1}": {NOW: 5.0}, "c{le=1}": {NOW: 0.0}, "c{le=+Inf}": {NOW: 0.0}})
    assert ask(storage, "histogram_quantile(0.5, a)") == pytest.approx({"": 0.5 * 5 / 6})
    assert math.isnan(ask(storage, "histogram_quantile(0.5, b)")[""])
    assert math.isnan(ask(storage, "histogram_quantile(0.5, c)")[""])


def test_samples_are_the_same_from_memory_from_chunks_and_after_a_restart(tmp_path: Path) -> None:
    storage = MetricStorage(tmp_path)
    fill(storage, counter=steps(NOW - 400, *range(0, 200, 5)), gauge=steps(NOW - 400, *([1.5, STALE, -2.0] * 10)))
    queries = ["increase(counter[5m])", "counter", "gauge", "rate(counter[17s])"]

    def answers(storage: MetricStorage) -> list[dict[str, float]]:
        return [ask(storage, query, at) for query in queries for at in (NOW - 300, NOW - 100.5, NOW)]

    expected = answers(storage)
    # The samples are from 1970: a checkpoint takes them all out of memory.
    storage.checkpoint()
    assert answers(storage) == expected
    fill(storage, counter={NOW + 1: 1_000.0})
    storage.close()
    storage = MetricStorage(tmp_path)
    assert answers(storage) == expected
    assert ask(storage, "counter", NOW + 1) == {"counter": 1_000.0}
    storage.close()


def test_a_sample_that_is_not_newer_is_left_out(storage: MetricStorage) -> None:
    series = storage.series_of(labels_of("a"))
    storage.append([(series, 1.0, 1000), (series, 2.0, 1000), (series, 3.0, 500), (series, 4.0, 2000)])
    assert ask(storage, "a", 1.5) == {"a": 1.0}
    assert ask(storage, "a", 2) == {"a": 4.0}
    assert (storage.samples_appended, storage.samples_out_of_order) == (2, 2)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1e21, "1" + "0" * 21), (1e-7, "0.0000001"), (math.inf, "+Inf"), (-math.inf, "-Inf"),
     (math.nan, "NaN"), (-0.0, "-0"), (123456.789, "123456.789")],
)  # fmt: skip
def test_numbers_are_printed_as_go_prints_them(value: float, text: str) -> None:
    assert format_value(value) == text
