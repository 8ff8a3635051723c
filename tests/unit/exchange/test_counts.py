"""Counting in stretches of time where Redis is away: each process for itself."""

from __future__ import annotations

import pytest

from observability.redis import RedisUnavailable
from systems.exchange.client_gateway import counts as counts_module
from systems.exchange.client_gateway.counts import Counts


class Clock:
    """Stands still until it is told the time."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Nowhere:
    """A Redis that never answers."""

    def increment(self, key: str, *, name: str, seconds: int, by: int = 1) -> int:
        raise RedisUnavailable("the connection failed")

    def delete(self, *keys: str, name: str) -> int:
        raise RedisUnavailable("the connection failed")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counts(clock: Clock) -> Counts:
    return Counts(Nowhere(), "tests", stretch_seconds=60, clock=clock)


def test_each_key_is_counted_for_itself_until_the_stretch_ends(counts: Counts, clock: Clock) -> None:
    assert [counts.add("ada").number for _ in range(3)] == [1, 2, 3]
    assert counts.add("bob").number == 1

    # 1,020 is a multiple of 60.
    clock.now = 1_019.9
    assert counts.add("ada").number == 4
    clock.now = 1_020.0
    assert counts.add("ada").number == 1


def test_it_says_how_long_the_stretch_still_is(counts: Counts, clock: Clock) -> None:
    assert counts.add("ada").wait_seconds == 20
    clock.now = 1_019.9
    assert counts.add("ada").wait_seconds == 1
    clock.now = 1_020.0
    assert counts.add("ada").wait_seconds == 60


def test_what_was_counted_too_soon_is_taken_back_and_what_is_over_forgotten(counts: Counts) -> None:
    counts.add("ada")
    counts.take_back(counts.add("ada"))
    last = counts.add("ada")
    assert last.number == 2

    counts.forget(last)
    assert counts.add("ada").number == 1


def test_what_is_taken_back_late_takes_nothing_from_the_next_stretch(counts: Counts, clock: Clock) -> None:
    early = counts.add("ada")
    clock.now = 1_020.0
    counts.add("ada")

    counts.take_back(early)

    assert counts.add("ada").number == 2


def test_of_very_many_keys_the_last_ones_are_remembered(counts: Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts_module, "_MAX_KEYS", 2)
    for name in ("ada", "bob", "ada", "carol"):
        counts.add(name)

    assert counts.add("ada").number == 3
    assert counts.add("bob").number == 1
