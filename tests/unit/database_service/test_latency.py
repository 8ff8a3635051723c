from __future__ import annotations

import statistics

import pytest

from database_service.latency import LATENCIES, LatencyModel


def test_the_same_seed_gives_the_same_waits() -> None:
    draws = [[LatencyModel(seed, 1.0).seconds("SELECT", "users") for _ in range(1)] for seed in (7, 7, 8)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize(("operation", "table"), LATENCIES)
def test_the_median_is_what_the_table_says(operation: str, table: str) -> None:
    model = LatencyModel(7, 1.0)
    draws = [model.seconds(operation, table) for _ in range(4_000)]
    assert statistics.median(draws) == pytest.approx(LATENCIES[operation, table].median_seconds, rel=0.05)


def test_one_query_in_a_hundred_is_slow() -> None:
    model = LatencyModel(7, 1.0)
    slow = sum(model.seconds("SELECT", "users") > 0.030 for _ in range(20_000))
    assert 130 <= slow <= 270


def test_the_scale_is_a_factor_and_zero_is_exactly_none() -> None:
    normal, double, none = (LatencyModel(7, scale) for scale in (1.0, 2.0, 0.0))
    for _ in range(100):
        seconds = normal.seconds("SELECT", "orders", work_units=3)
        assert double.seconds("SELECT", "orders", work_units=3) == pytest.approx(2 * seconds)
        assert none.seconds("SELECT", "orders", work_units=3) == 0.0


def test_work_done_by_the_engine_takes_time() -> None:
    idle, busy = LatencyModel(7, 1.0), LatencyModel(7, 1.0)
    assert busy.seconds("SELECT", "orders", work_units=20) - idle.seconds("SELECT", "orders") == pytest.approx(0.06)
