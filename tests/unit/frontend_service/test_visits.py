"""The plan of simulated traffic, over simulated hours."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

import pytest

from frontend_service.visits import (
    INVALID_IDS,
    KNOWN_IDS,
    WAVE_SECONDS,
    Visit,
    join_midway,
    plan_reading,
    plan_visits,
)

_HOUR = 3600.0
#: Of the plan of 5 requests per second and seed 1. Whoever compares two runs relies on it.
_FIRST_VISIT = (0.827011, "9624d1137b6271877d2bcda21a45db57", "/product/163")


def visits_of(hours: float, requests_per_second: float = 5, seed: int = 1) -> list[Visit]:
    plan = plan_visits(requests_per_second, seed)
    return list(itertools.takewhile(lambda visit: visit.at_seconds < hours * _HOUR, plan))


@pytest.mark.slow
@pytest.mark.parametrize("requests_per_second", [0.5, 5, 40])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_mean_rate_is_what_was_asked_for(requests_per_second: float, seed: int) -> None:
    rate = len(visits_of(2, requests_per_second, seed)) / (2 * _HOUR)
    assert rate == pytest.approx(requests_per_second, rel=0.12)


def test_the_same_seed_gives_the_same_visits_and_another_seed_gives_others() -> None:
    assert visits_of(0.1, seed=3) == visits_of(0.1, seed=3)
    assert visits_of(0.1, seed=3) != visits_of(0.1, seed=4)


def test_visits_come_in_order_of_time() -> None:
    times = [visit.at_seconds for visit in visits_of(0.5)]
    assert times == sorted(times)


def test_traffic_rises_and_falls_in_a_wave() -> None:
    half = WAVE_SECONDS / 2
    rising = sum(visit.at_seconds % WAVE_SECONDS < half for visit in visits_of(6))
    assert 1.3 < rising / (len(visits_of(6)) - rising) < 3


def test_now_and_then_a_burst_comes() -> None:
    per_ten_seconds = Counter(int(visit.at_seconds // 10) for visit in visits_of(2))
    mean = 5 * 10
    assert max(per_ten_seconds.values()) > 2 * mean
    assert sum(count > 2 * mean for count in per_ten_seconds.values()) < len(per_ten_seconds) / 5


def test_a_steady_plan_has_neither_waves_nor_bursts() -> None:
    plan = plan_visits(5, 1, steady=True)
    per_minute = Counter(
        int(visit.at_seconds // 60) for visit in itertools.takewhile(lambda v: v.at_seconds < 7260, plan)
    )
    counts = [per_minute[minute] for minute in range(1, 121)]
    assert sum(counts) / len(counts) == pytest.approx(300, rel=0.05)
    # By chance alone: who comes leads to five pages, so that a minute's count varies by a little more than a tenth.
    assert 150 < min(counts) <= max(counts) < 450


def test_users_come_in_sessions_of_a_few_pages_with_time_to_think() -> None:
    visits = visits_of(1)
    sessions: dict[str, list[float]] = {}
    for visit in visits:
        assert re.fullmatch(r"[0-9a-f]{32}", visit.visitor)
        sessions.setdefault(visit.visitor, []).append(visit.at_seconds)
    assert len(visits) / len(sessions) == pytest.approx(5, rel=0.1)
    pauses = [later - earlier for times in sessions.values() for earlier, later in itertools.pairwise(times)]
    assert 2 < sorted(pauses)[len(pauses) // 2] < 3


def test_the_mix_has_all_routes_popular_records_and_a_few_unknown_and_invalid_ids() -> None:
    paths = [visit.path for visit in visits_of(2)]
    kinds = Counter(path.split("/")[1] or "home" for path in paths)
    shares = {kind: count / len(paths) for kind, count in kinds.items()}
    assert shares == {
        "home": pytest.approx(0.25, abs=0.02),
        "user": pytest.approx(0.40, abs=0.02),
        "product": pytest.approx(0.35, abs=0.02),
    }
    ids = [(path.split("/")[1], path.split("/")[2]) for path in paths if path != "/"]
    known = [(kind, id) for kind, id in ids if id.isdigit() and 1 <= int(id) <= KNOWN_IDS[kind]]
    invalid = [id for _, id in ids if id in INVALID_IDS]
    unknown = len(ids) - len(known) - len(invalid)
    assert len(invalid) / len(ids) == pytest.approx(0.02, abs=0.006)
    assert unknown / len(ids) == pytest.approx(0.03, abs=0.006)
    popular = Counter(known).most_common(50)
    assert sum(count for _, count in popular) / len(known) > 0.4


def test_a_rate_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a rate above 0, not 0"):
        plan_visits(0, 1)


def test_another_crowd_are_different_people_who_like_the_same_pages() -> None:
    usual, others = (
        visits_of(2),
        list(itertools.takewhile(lambda visit: visit.at_seconds < 2 * _HOUR, plan_visits(5, 1, 1))),
    )
    assert not {visit.visitor for visit in usual} & {visit.visitor for visit in others}
    assert len(others) == pytest.approx(len(usual), rel=0.15)
    favourites = [
        {path for path, _ in Counter(visit.path for visit in visits).most_common(15)} for visits in (usual, others)
    ]
    assert len(favourites[0] & favourites[1]) >= 11
    assert others == list(itertools.islice(plan_visits(5, 1, 1), len(others)))


def test_the_usual_plan_is_what_it_has_always_been() -> None:
    first = next(plan_visits(5, 1))
    assert (round(first.at_seconds, 6), first.visitor, first.path) == _FIRST_VISIT


@pytest.mark.parametrize("since_seconds", [0.0, 100.0, 250.0, 7 * WAVE_SECONDS + 100])
def test_who_joins_midway_finds_the_traffic_in_full_swing_and_the_wave_where_it_is(since_seconds: float) -> None:
    def requests_per_second(since: float) -> float:
        # Over several seeds: a burst may be on in one of them.
        counts = [
            sum(1 for _ in itertools.takewhile(lambda visit: visit.at_seconds < 10, joined))
            for joined in (join_midway(plan_visits(10, seed), since) for seed in range(20))
        ]
        return sum(counts) / len(counts) / 10

    wave = 1 + 0.5 * math.sin(2 * math.pi * (since_seconds + 5) / WAVE_SECONDS)
    assert requests_per_second(since_seconds) == pytest.approx(10 * wave, rel=0.3)
    assert requests_per_second(since_seconds) == requests_per_second(since_seconds + 3 * WAVE_SECONDS)


def test_times_of_who_joins_midway_are_counted_from_then() -> None:
    joined = list(itertools.islice(join_midway(plan_visits(5, 1), 90), 50))
    assert 0 <= joined[0].at_seconds < 5
    assert [visit.at_seconds for visit in joined] == sorted(visit.at_seconds for visit in joined)


def test_a_reader_asks_for_one_user_after_the_other_at_a_steady_rate_without_a_cookie() -> None:
    assert list(itertools.islice(plan_reading(4, 900), 3)) == [
        Visit(0.0, "", "/user/900"),
        Visit(0.25, "", "/user/901"),
        Visit(0.5, "", "/user/902"),
    ]
