"""Indicators: which are bad, compared with what they were."""

import pytest

from lab.incidents.indicators import Readings, busy_with_a_start
from lab.incidents.indicators import bad_ones as bad_ones_of
from lab.incidents.indicators import missed_objectives as missed_objectives_of
from tests.unit.incidents.systems import CHAIN

WELL = {
    "requests that fail": 0.0,
    "requests that take longer than 500 ms": 0.0,
    "up of backend": 1.0,
    "mean time of pages of /product/<id>": 0.01,
    "mean time of queries on inventory": 0.005,
    "processor of backend": 0.05,
    "visits per second": 9.0,
    "pages per second that are not there": 0.1,
}


def bad_ones(before: Readings, now: Readings) -> list[str]:
    return bad_ones_of(CHAIN.indicators, before, now)


def missed_objectives(before: Readings, now: Readings) -> list[str]:
    return missed_objectives_of(CHAIN.indicators, before, now)


def test_what_is_as_it_was_is_well() -> None:
    assert bad_ones(WELL, WELL) == []


@pytest.mark.parametrize(
    ("name", "now"),
    [
        ("requests that fail", 0.02),
        ("requests that take longer than 500 ms", 0.06),
        ("up of backend", 0.0),
        ("mean time of pages of /product/<id>", 0.03),
        ("mean time of queries on inventory", 0.015),
        ("processor of backend", 0.8),
        ("visits per second", 45.0),
        ("pages per second that are not there", 8.0),
    ],
)
def test_what_is_far_from_what_it_was_is_bad(name: str, now: float) -> None:
    assert bad_ones(WELL, {**WELL, name: now}) == [name]


@pytest.mark.parametrize(
    ("name", "now"),
    [
        ("requests that fail", 0.009),
        ("mean time of queries on inventory", 0.009),
        ("processor of backend", 0.2),
        ("visits per second", 14.0),
    ],
)
def test_what_moves_as_things_move_is_well(name: str, now: float) -> None:
    assert bad_ones(WELL, {**WELL, name: now}) == []


def test_an_indicator_that_was_not_there_before_is_judged_only_by_an_objective() -> None:
    assert bad_ones({}, {"processor of backend": 5.0, "requests that fail": 0.5}) == ["requests that fail"]


def test_only_objectives_and_what_is_gone_are_damage() -> None:
    now = {**WELL, "processor of backend": 5.0, "requests that fail": 0.5, "up of backend": 0.0}
    assert missed_objectives(WELL, now) == ["requests that fail", "up of backend"]


def test_a_service_whose_metrics_are_gone_is_not_up() -> None:
    now = {name: value for name, value in WELL.items() if name != "up of backend"}
    assert missed_objectives(WELL, now) == ["up of backend"]


@pytest.mark.parametrize(
    ("earlier", "now", "busy"),
    [
        ({"processor of backend": 0.9}, {"processor of backend": 0.2}, ["backend"]),
        ({"processor of backend": 0.3}, {"processor of backend": 0.25}, []),
        ({"processor of backend": 0.08}, {"processor of backend": 0.03}, []),
        ({"processor of backend": 0.2}, {"processor of backend": 0.9}, []),
        ({}, {"processor of backend": 0.9}, []),
        ({"memory of backend": 9e8, "processor of frontend": 0.5}, {"memory of backend": 1e8}, ["frontend"]),
    ],
)
def test_a_service_that_took_much_more_of_a_processor_just_now_has_only_begun(
    earlier: Readings, now: Readings, busy: list[str]
) -> None:
    assert busy_with_a_start(earlier, now) == busy
