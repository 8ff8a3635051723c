"""Pending, firing, over: as Prometheus does it at each evaluation."""

import pytest

from lab.exercises.alert_history import evaluations, histories, stretches
from lab.exercises.results import Stretch
from lab.telemetry_client import Series

MOMENTS = evaluations(Stretch(100, 160), 5)


def history(present, hold_seconds=0.0, keep_seconds=0.0):
    """`present` has a mark for each evaluation: `x` where the series is there."""
    points = tuple((moment, 1.0) for moment, mark in zip(MOMENTS, present, strict=True) if mark == "x")
    (one,) = histories([Series({"__name__": "up", "service": "backend"}, points)], MOMENTS, hold_seconds, keep_seconds)
    return one


def marks(found):
    return "".join("x" if any(one.start <= moment <= one.end for one in found) else "." for moment in MOMENTS)


def test_evaluations_go_from_the_first_moment_to_the_last():
    assert MOMENTS[0] == 100
    assert MOMENTS[-1] == 160
    assert len(MOMENTS) == 13
    assert evaluations(Stretch(100, 99), 5) == ()


@pytest.mark.parametrize(
    ("present", "hold", "fires"),
    [
        ("xxxxxxxxxxxxx", 0, "xxxxxxxxxxxxx"),
        ("xxxxxxxxxxxxx", 15, "...xxxxxxxxxx"),
        ("xxxxxxxxxxxxx", 60, "............x"),
        ("xxxxxxxxxxxxx", 61, "............."),
        ("..xxxxxxx....", 15, ".....xxxx...."),
        # Of four evaluations the last is 15 s after the first: it fires. Of three it does not.
        ("..xxxx.......", 15, ".....x......."),
        ("..xxx........", 15, "............."),
        # Absent once, it begins anew.
        ("xxxxx.xxxxxxx", 15, "...xx....xxxx"),
        ("xxx.xxx.xxx.x", 15, "............."),
        # Between two evaluations is as good as at the next one.
        ("xxxxxxxxxxxxx", 7, "..xxxxxxxxxxx"),
        (".............", 0, "............."),
        ("............x", 0, "............x"),
    ],
)
def test_a_series_fires_once_it_has_been_there_long_enough(present, hold, fires):
    assert marks(history(present, hold).fires) == fires


@pytest.mark.parametrize(
    ("present", "hold", "keep", "fires"),
    [
        ("xxxx.........", 0, 10, "xxxxxx......."),
        ("xxxx.........", 0, 4, "xxxxx........"),
        # Back in time it fires at once, without `for`.
        ("xxxxx.xxxxxxx", 15, 10, "...xxxxxxxxxx"),
        ("xxxxx...xxxxx", 15, 10, "...xxxx....xx"),
        # What has never fired has nothing to keep.
        ("xx...........", 15, 60, "............."),
        ("xxxx...xx....", 15, 10, "...xxx......."),
    ],
)
def test_an_alert_can_be_kept_after_its_series_has_gone(present, hold, keep, fires):
    assert marks(history(present, hold, keep).fires) == fires


def test_each_series_is_an_alert_of_its_own():
    here = Series({"service": "frontend"}, tuple((moment, 1.0) for moment in MOMENTS[::2]))
    there = Series({"service": "backend"}, tuple((moment, 1.0) for moment in MOMENTS[1::2]))

    assert [one.fires for one in histories([here, there], MOMENTS, 5)] == [(), ()]


def test_it_is_known_for_how_long_a_series_was_there():
    found = history("xx..xxxx.x...")

    assert [(hold.start, hold.end) for hold in found.holds] == [(100, 105), (120, 135), (145, 145)]
    assert found.longest_hold_seconds == 15
    assert found.labels == {"service": "backend"}
    assert history(".............").longest_hold_seconds == 0


@pytest.mark.parametrize(
    "pattern", [f"{number:013b}".replace("0", ".").replace("1", "x") for number in range(0, 8192, 97)]
)
def test_whatever_fires_was_there_all_the_time_that_is_asked_for(pattern):
    for hold in (0, 5, 12, 20):
        evaluations_needed = -(-hold // 5) + 1
        fires = marks(history(pattern, hold).fires)
        for number in range(len(MOMENTS)):
            recent = pattern[max(0, number - evaluations_needed + 1) : number + 1]
            assert (fires[number] == "x") == (recent == "x" * evaluations_needed)


def test_stretches_put_neighbours_together():
    assert stretches([1, 2, 4], [1, 2, 3, 4, 5]) == (Stretch(1, 2), Stretch(4, 4))
    assert stretches([], [1, 2]) == ()
