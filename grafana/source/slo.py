"""The objectives of the chain and the thresholds drawn from them. A test compares them with the rules of Prometheus."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

from grafana.source.colours import BAD, GOOD, NEUTRAL, WATCH

#: 99 % of requests without error …
AVAILABILITY = 0.99
ERROR_RATIO = 0.01
#: … and 95 % of requests below 500 ms.
LATENCY = 0.95
LATENCY_SECONDS = 0.5

#: A mean query above this alerts, and so does a call from one service to the next above that.
QUERY_SECONDS = 0.05
CALL_SECONDS = 0.1
#: A cache that answers less than this share of lookups alerts.
CACHE_HITS = 0.1
#: And a connection pool that is fuller than this.
POOL_USE = 0.7
#: And a table of which this share of queries is slow.
SLOW_QUERIES = 0.05


def rising(watch: float | None, bad: float) -> builders.ThresholdsConfig:
    """More is worse: green, amber from `watch` (where given), red from `bad`."""
    steps = [Threshold(value=None, color=GOOD)]
    if watch is not None:
        steps.append(Threshold(value=watch, color=WATCH))
    steps.append(Threshold(value=bad, color=BAD))
    return builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def falling(good: float, watch: float | None = None) -> builders.ThresholdsConfig:
    """Less is worse: green from `good` up, amber from `watch` (where given), red below."""
    steps = [Threshold(value=None, color=BAD)]
    if watch is not None:
        steps.append(Threshold(value=watch, color=WATCH))
    steps.append(Threshold(value=good, color=GOOD))
    return builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def only(colour: str) -> builders.ThresholdsConfig:
    """No threshold: one colour whatever the value."""
    return builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value=None, color=colour)])


def border(value: float) -> builders.ThresholdsConfig:
    """One red line in a graph where less is worse; a graph colours the lines themselves, not what is below them."""
    steps = [Threshold(value=None, color=NEUTRAL), Threshold(value=value, color=BAD)]
    return builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def error_ratio() -> builders.ThresholdsConfig:
    """Half of the objective spent is worth a look, all of it is bad."""
    return rising(ERROR_RATIO / 2, ERROR_RATIO)


def latency() -> builders.ThresholdsConfig:
    return rising(LATENCY_SECONDS / 2, LATENCY_SECONDS)


def cache_hits() -> builders.ThresholdsConfig:
    """Where the alert on the cache stands; a little above is worth a look."""
    return falling(CACHE_HITS + 0.1, CACHE_HITS)


def pool_use() -> builders.ThresholdsConfig:
    return rising(POOL_USE / 2, POOL_USE)


def slow_queries() -> builders.ThresholdsConfig:
    return rising(SLOW_QUERIES / 2, SLOW_QUERIES)


def latency_ms() -> builders.ThresholdsConfig:
    """For durations that Tempo's data source gives in milliseconds."""
    return rising(LATENCY_SECONDS / 2 * 1000, LATENCY_SECONDS * 1000)


def query_latency() -> builders.ThresholdsConfig:
    return rising(QUERY_SECONDS / 2, QUERY_SECONDS)


def call_latency() -> builders.ThresholdsConfig:
    return rising(CALL_SECONDS / 2, CALL_SECONDS)
