"""The plan of simulated traffic: who comes when, and looks at what. Pure: no clock, no network, all from a seed.

Users arrive in sessions at random moments, more and fewer in a slow wave, now and then in a burst (a steady plan has
neither); each looks at a few pages with time to think in between. Some pages are popular and most are not. A few links
are out of date, and a few were never right.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace

#: One rise and fall of the wave, and how far it goes to either side of the mean.
WAVE_SECONDS = 300.0
_WAVE_DEPTH = 0.5
#: A burst about every four minutes multiplies arrivals for a while.
_BURST_EVERY_SECONDS = 240.0
_BURST_SECONDS = (10.0, 25.0)
_BURST_FACTOR = 3.0
#: A visit is left after a page with this probability: five pages on average.
_LEAVE_PROBABILITY = 0.2
#: Time between two pages: log-normal, median and the standard deviation of its logarithm.
_THINK_MEDIAN_SECONDS = 2.5
_THINK_SIGMA = 0.7

_ROUTES = ("home", "user", "product")
_ROUTE_SHARES = (25, 40, 35)
_UNKNOWN_ID_SHARE = 0.03
_INVALID_ID_SHARE = 0.02
#: How many users and products people know of. Where the database has fewer, more of them meet a 404.
KNOWN_IDS = {"user": 1_000, "product": 500}
#: The n-th most popular record is asked for in proportion to n ** -1.1 (Zipf's law).
_POPULARITY_EXPONENT = 1.1
INVALID_IDS = ("abc", "-1", "0", "1.5", "12345678901", "%00", "null")


@dataclass(frozen=True, order=True)
class Visit:
    """One request: when (seconds from the start), by whom (32 hex digits; "" = no cookie), to which path."""

    at_seconds: float
    visitor: str
    path: str


def plan_visits(requests_per_second: float, seed: int, crowd: int = 0, *, steady: bool = False) -> Iterator[Visit]:
    """Visits without end, ordered by time, `requests_per_second` on average; the same for the same arguments.

    Crowds of the same seed are different people who like the same pages. Raises ValueError if the rate is not positive.
    """
    if requests_per_second <= 0:
        raise ValueError(f"expected a rate above 0, not {requests_per_second}")
    return _plan(requests_per_second, seed, crowd, steady)


def join_midway(visits: Iterator[Visit], since_seconds: float) -> Iterator[Visit]:
    """The visits of a plan that goes on since `since_seconds`, with the times counted from now.

    Everybody is in the middle of something from the start, and the wave stands where it does in that plan; how many
    waves there have been makes no difference.
    """
    now = WAVE_SECONDS + since_seconds % WAVE_SECONDS
    for visit in visits:
        if visit.at_seconds >= now:
            yield replace(visit, at_seconds=visit.at_seconds - now)


def plan_reading(requests_per_second: float, first_user_id: int) -> Iterator[Visit]:
    """Somebody without a cookie who looks at one user after the other, at a steady rate and without end."""
    for number in itertools.count():
        yield Visit(number / requests_per_second, "", f"/user/{first_user_id + number}")


def _plan(requests_per_second: float, seed: int, crowd: int, steady: bool) -> Iterator[Visit]:
    waiting: list[Visit] = []
    people = f"{seed}" if crowd == 0 else f"{seed} crowd {crowd}"
    taste = random.Random(f"pages {seed}")
    pages = _Pages(taste, choices=taste if crowd == 0 else random.Random(f"pages {people}"))
    behaviour = random.Random(f"sessions {people}")
    arrivals = _steady_arrivals if steady else _arrivals
    for arrival in arrivals(requests_per_second * _LEAVE_PROBABILITY, random.Random(f"arrivals {people}")):
        while waiting and waiting[0].at_seconds <= arrival:
            yield heapq.heappop(waiting)
        for visit in _session(arrival, behaviour, pages):
            heapq.heappush(waiting, visit)


def _arrivals(sessions_per_second: float, random_: random.Random) -> Iterator[float]:
    """Moments at which sessions begin: a Poisson process whose rate follows the wave and the bursts (by thinning)."""
    burst_mean_seconds = sum(_BURST_SECONDS) / 2
    cycle_seconds = _BURST_EVERY_SECONDS + burst_mean_seconds
    # What bursts add on average is taken off the calm times, so that the mean stays what was asked for.
    mean_factor = (_BURST_EVERY_SECONDS + burst_mean_seconds * _BURST_FACTOR) / cycle_seconds
    peak = sessions_per_second * (1 + _WAVE_DEPTH) * _BURST_FACTOR / mean_factor
    now = 0.0
    burst_begins = random_.expovariate(1 / _BURST_EVERY_SECONDS)
    burst_ends = burst_begins + random_.uniform(*_BURST_SECONDS)
    while True:
        now += random_.expovariate(peak)
        while now >= burst_ends:
            burst_begins = burst_ends + random_.expovariate(1 / _BURST_EVERY_SECONDS)
            burst_ends = burst_begins + random_.uniform(*_BURST_SECONDS)
        wave = 1 + _WAVE_DEPTH * math.sin(2 * math.pi * now / WAVE_SECONDS)
        rate = sessions_per_second * wave * (_BURST_FACTOR if now >= burst_begins else 1.0) / mean_factor
        if random_.random() * peak < rate:
            yield now


def _steady_arrivals(sessions_per_second: float, random_: random.Random) -> Iterator[float]:
    """A Poisson process whose rate never changes."""
    now = 0.0
    while True:
        now += random_.expovariate(sessions_per_second)
        yield now


def _session(arrival: float, random_: random.Random, pages: _Pages) -> Iterator[Visit]:
    visitor = f"{random_.getrandbits(128):032x}"
    now = arrival
    while True:
        yield Visit(now, visitor, pages.next_path())
        if random_.random() < _LEAVE_PROBABILITY:
            return
        now += _THINK_MEDIAN_SECONDS * random_.lognormvariate(0.0, _THINK_SIGMA)


class _Pages:
    """Which page is looked at next: what is popular follows from `taste`, the single page from `choices`."""

    def __init__(self, taste: random.Random, choices: random.Random) -> None:
        self._random = choices
        #: kind -> ids, the most popular first
        self._ids = {kind: taste.sample(range(1, count + 1), count) for kind, count in KNOWN_IDS.items()}
        self._cumulative_weights = {
            kind: list(itertools.accumulate(rank**-_POPULARITY_EXPONENT for rank in range(1, count + 1)))
            for kind, count in KNOWN_IDS.items()
        }

    def next_path(self) -> str:
        (kind,) = self._random.choices(_ROUTES, _ROUTE_SHARES)
        return "/" if kind == "home" else f"/{kind}/{self._next_id(kind)}"

    def _next_id(self, kind: str) -> str:
        chance = self._random.random()
        if chance < _INVALID_ID_SHARE:
            return self._random.choice(INVALID_IDS)
        if chance < _INVALID_ID_SHARE + _UNKNOWN_ID_SHARE:
            return str(self._random.randint(500_000, 999_999))
        weights = self._cumulative_weights[kind]
        return str(self._ids[kind][bisect(weights, self._random.random() * weights[-1])])
