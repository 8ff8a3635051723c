"""How well a system does, as numbers: what a repair is judged by.

Objectives are absolute; the others are compared with what they were when all was well. What any system has is here;
what is a system's own stands in its systems/*/incidents.yaml (system_file.py). Judging is pure; only `read_indicators`
asks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lab.faults.catalogue import WINDOW
from lab.faults.evidence import DEFAULT_WINDOW_SECONDS
from lab.telemetry_client import TelemetryClient

#: How many requests visitors make; of services, whether they are up, and what they take of a processor.
VISITS = "visits per second"
_UP = "up of"
_PROCESSOR = "processor of"
#: Between two windows visitors come and go; a start takes several times as much, of a whole core.
_CALMING_FACTOR = 1.5
_CALMING_FALL = 0.1

#: Name of an indicator, with its label where it has one (`memory of backend`) → what it says.
Readings = Mapping[str, float]


@dataclass(frozen=True)
class Indicator:
    """A PromQL question whose answer has a number that is too high, or too low."""

    name: str
    query: str
    #: Each value of this label is an indicator of its own.
    label: str = ""
    #: More than this is bad, whatever it was before: an objective.
    most: float | None = None
    #: More than this many times what it was before is bad, if it is also this much more.
    factor: float = math.inf
    least_rise: float = 0.0
    #: Less than this share of what it was before is bad.
    share: float = 0.0

    @property
    def is_objective(self) -> bool:
        return self.most is not None

    def is_bad(self, before: float | None, now: float | None) -> bool:
        if now is None:
            # Nothing to read is bad only where it must not be: `up` of something that was there.
            return self.share > 0 and bool(before)
        if self.most is not None:
            return now > self.most
        if before is None:
            return False
        return (now > before * self.factor and now - before > self.least_rise) or now < before * self.share


def general_indicators(system: str, visits: Indicator) -> tuple[Indicator, ...]:
    """Those that every system has: how many come to it, and what its processes need for that."""
    processes = f'{{job="{system}"}}'
    return (
        visits,
        Indicator(_UP, f"max by (service) (up{processes})", "service", share=0.5),
        Indicator(
            _PROCESSOR,
            f"sum by (service) (rate(process_cpu_seconds_total{processes}[{WINDOW}]))",
            "service",
            factor=2.5,
            least_rise=0.2,
        ),
        Indicator(
            "memory of",
            f"max by (service) (process_resident_memory_bytes{processes})",
            "service",
            factor=1.6,
            least_rise=50e6,
        ),
        Indicator(
            "log lines for each visit, of",
            f'sum by (service) (rate(lab_telemetry_emitted_total{{job="{system}", signal="logs"}}[{WINDOW}]))'
            f" / on () group_left () ({visits.query} > 0)",
            "service",
            factor=1.8,
            least_rise=2,
        ),
        Indicator("samples of", f"max by (service) (scrape_samples_scraped{processes})", "service", factor=2.5),
    )


def read_indicators(
    client: TelemetryClient,
    indicators: Iterable[Indicator],
    at_unix_seconds: float,
    window_seconds: float = DEFAULT_WINDOW_SECONDS,
) -> dict[str, float]:
    """Every indicator that has a value at this moment. Raises TelemetryError."""
    readings = {}
    for indicator in indicators:
        query = indicator.query.replace(WINDOW, f"{window_seconds:g}s")
        for sample in client.query(query, at_unix_seconds):
            if math.isfinite(sample.value):
                readings[f"{indicator.name} {sample.labels.get(indicator.label, '')}".strip()] = sample.value
    return readings


def is_up(service: str, readings: Readings) -> bool:
    return readings.get(f"{_UP} {service}", 0.0) >= 1


def bad_ones(indicators: Iterable[Indicator], before: Readings, now: Readings) -> list[str]:
    """The names of all that are bad now."""
    named = _named(indicators, (*before, *now))
    return [name for name, indicator in named.items() if indicator.is_bad(before.get(name), now.get(name))]


def missed_objectives(indicators: Iterable[Indicator], before: Readings, now: Readings) -> list[str]:
    """Those of the bad ones that users feel: an objective is missed, or something is gone."""
    known = tuple(indicators)
    named = _named(known, (*before, *now))
    return [name for name in bad_ones(known, before, now) if named[name].is_objective or named[name].share]


def busy_with_a_start(earlier: Readings, now: Readings) -> list[str]:
    """The services that took much more of a processor a moment ago: what they do at their start is not over for long
    enough, and what is measured now is no state in which all is well."""
    prefix = f"{_PROCESSOR} "
    return sorted(
        name.removeprefix(prefix)
        for name, then in earlier.items()
        if name.startswith(prefix)
        and then > now.get(name, 0.0) * _CALMING_FACTOR
        and then - now.get(name, 0.0) > _CALMING_FALL
    )


def _named(indicators: Iterable[Indicator], names: Iterable[str]) -> dict[str, Indicator]:
    known = tuple(indicators)
    return {
        name: indicator
        for name in names
        for indicator in known
        if name == indicator.name or (indicator.label and name.startswith(f"{indicator.name} "))
    }
