"""How well the system does, as numbers: what a repair is judged by.

The two objectives of docs/alerts.md come first and are absolute; the others are compared with what they were when all
was well. Judging is pure; only `read_indicators` asks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lab.faults.catalogue import WINDOW
from lab.faults.evidence import DEFAULT_WINDOW_SECONDS
from lab.telemetry_client import TelemetryClient

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


INDICATORS = (
    Indicator(
        "requests that fail",
        '(sum(rate(frontend_requests_total{status=~"5.."}[{window}])) or vector(0))'
        " / (sum(rate(frontend_requests_total[{window}])) > 0)",
        most=0.01,
    ),
    Indicator(
        "requests that take longer than 500 ms",
        '1 - sum(rate(frontend_request_duration_seconds_bucket{le="0.5"}[{window}]))'
        " / (sum(rate(frontend_request_duration_seconds_count[{window}])) > 0)",
        most=0.05,
    ),
    Indicator("up of", 'max by (service) (up{job="chain"})', "service", share=0.5),
    Indicator(
        "mean time of pages of",
        "sum by (endpoint) (rate(frontend_request_duration_seconds_sum[{window}]))"
        " / (sum by (endpoint) (rate(frontend_request_duration_seconds_count[{window}])) > 0)",
        "endpoint",
        factor=2.5,
        least_rise=0.015,
    ),
    Indicator(
        "mean time of queries on",
        "sum by (table) (rate(database_query_duration_seconds_sum[{window}]))"
        " / (sum by (table) (rate(database_query_duration_seconds_count[{window}])) > 0)",
        "table",
        factor=2.0,
        least_rise=0.003,
    ),
    Indicator(
        "queries for each transaction",
        "sum(rate(database_queries_total[{window}])) / (sum(rate(database_transactions_total[{window}])) > 0)",
        factor=1.4,
    ),
    Indicator(
        "database calls for each request",
        "sum(rate(backend_database_calls_total[{window}])) / (sum(rate(backend_requests_total[{window}])) > 0)",
        factor=1.35,
        least_rise=0.1,
    ),
    Indicator(
        "processor of",
        'sum by (service) (rate(process_cpu_seconds_total{job="chain"}[{window}]))',
        "service",
        factor=2.5,
        least_rise=0.2,
    ),
    Indicator(
        "memory of",
        'max by (service) (process_resident_memory_bytes{job="chain"})',
        "service",
        factor=1.6,
        least_rise=50e6,
    ),
    Indicator(
        "log lines for each page, of",
        'sum by (service) (rate(lab_telemetry_emitted_total{signal="logs"}[{window}]))'
        " / on () group_left () (sum(rate(frontend_requests_total[{window}])) > 0)",
        "service",
        factor=1.8,
        least_rise=2,
    ),
    Indicator("samples of", 'max by (service) (scrape_samples_scraped{job="chain"})', "service", factor=2.5),
    Indicator("visits per second", "sum(rate(frontend_requests_total[{window}]))", factor=2.2, least_rise=5),
    Indicator(
        "pages per second that are not there",
        '(sum(rate(frontend_requests_total{status="404"}[{window}])) or vector(0))',
        factor=3,
        least_rise=2,
    ),
)


def read_indicators(
    client: TelemetryClient, at_unix_seconds: float, window_seconds: float = DEFAULT_WINDOW_SECONDS
) -> dict[str, float]:
    """Every indicator that has a value at this moment. Raises TelemetryError."""
    readings = {}
    for indicator in INDICATORS:
        query = indicator.query.replace(WINDOW, f"{window_seconds:g}s")
        for sample in client.query(query, at_unix_seconds):
            if math.isfinite(sample.value):
                readings[f"{indicator.name} {sample.labels.get(indicator.label, '')}".strip()] = sample.value
    return readings


def bad_ones(before: Readings, now: Readings) -> list[str]:
    """The names of all indicators that are bad now."""
    return [name for name, indicator in _named((*before, *now)) if indicator.is_bad(before.get(name), now.get(name))]


def missed_objectives(before: Readings, now: Readings) -> list[str]:
    """Those of the bad ones that users feel: an objective is missed, or something is gone."""
    essential = {name for name, indicator in _named((*before, *now)) if indicator.is_objective or indicator.share}
    return [name for name in bad_ones(before, now) if name in essential]


def _named(names: Iterable[str]) -> list[tuple[str, Indicator]]:
    named = {}
    for name in names:
        for indicator in INDICATORS:
            if name == indicator.name or (indicator.label and name.startswith(f"{indicator.name} ")):
                named[name] = indicator
    return list(named.items())
