"""What becomes of the series that an expression gives, when they are alerts: pending, firing, over.

As Prometheus does it at each evaluation: a series that is there is an alert, and fires once it has been there for as
long as `for` says. When it is absent only once, that begins anew.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lab.exercises.results import Stretch
from lab.telemetry_client import Series


@dataclass(frozen=True)
class AlertHistory:
    """Of one series. Times are unix seconds, of the first and the last evaluation that belongs to it."""

    #: The series' labels, without the metric's name.
    labels: Mapping[str, str]
    #: While the series was there.
    holds: tuple[Stretch, ...]
    fires: tuple[Stretch, ...]
    values: Mapping[float, float]

    @property
    def longest_hold_seconds(self) -> float:
        return max((hold.end - hold.start for hold in self.holds), default=0.0)


def evaluations(time: Stretch, step_seconds: float) -> tuple[float, ...]:
    """The moments at which a rule is evaluated."""
    return tuple(
        time.start + step_seconds * n for n in range(math.floor((time.end - time.start) / step_seconds + 1e-6) + 1)
    )


def histories(
    series: Iterable[Series], moments: Sequence[float], hold_seconds: float, keep_seconds: float = 0.0
) -> list[AlertHistory]:
    """`hold_seconds` is `for`, `keep_seconds` is `keep_firing_for`."""
    return [_history(one, moments, hold_seconds, keep_seconds) for one in series]


def _history(series: Series, moments: Sequence[float], hold_seconds: float, keep_seconds: float) -> AlertHistory:
    values = dict(series.points)
    holding: list[float] = []
    firing: list[float] = []
    active_since: float | None = None
    gone_since: float | None = None
    for moment in moments:
        if moment in values:
            holding.append(moment)
            active_since = moment if active_since is None else active_since
            gone_since = None
            if moment - active_since >= hold_seconds:
                firing.append(moment)
            continue
        fired_before = bool(firing) and active_since is not None and firing[-1] >= active_since
        gone_since = moment if gone_since is None else gone_since
        if fired_before and moment - gone_since < keep_seconds:
            firing.append(moment)
        else:
            active_since = None
    labels = {name: value for name, value in series.labels.items() if name != "__name__"}
    return AlertHistory(labels, stretches(holding, moments), stretches(firing, moments), values)


def stretches(chosen: Iterable[float], moments: Sequence[float]) -> tuple[Stretch, ...]:
    """Which of `moments` are chosen, those that follow each other together."""
    wanted = set(chosen)
    found: list[Stretch] = []
    begin: float | None = None
    last = 0.0
    for moment in moments:
        if moment in wanted:
            begin = moment if begin is None else begin
            last = moment
        elif begin is not None:
            found.append(Stretch(begin, last))
            begin = None
    if begin is not None:
        found.append(Stretch(begin, last))
    return tuple(found)
