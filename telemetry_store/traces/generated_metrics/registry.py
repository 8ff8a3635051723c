"""Counters and histograms that spans feed, and the samples they make at every collection. Source: Tempo's registry.

A new series begins with a sample of 0 in the minute before, so that its first increase is one to PromQL, too. A series
that nothing has fed for 15 minutes ends. Past the largest number of series, what is new counts for one series with the
label `metric_overflow`.
"""

from __future__ import annotations

import socket
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ...limits import GENERATED_SERIES
from ...metrics.exposition import Exemplar, Labels
from ...vectors import format_value

#: Seconds after which a series that nothing feeds ends (Tempo: stale_duration).
STALE_SECONDS = 15 * 60

#: Exemplars come as often as Tempo's do however short the interval is: the storage has room for so many of all metrics.
EXEMPLAR_MILLISECONDS = 15_000

#: Longest value of a label in bytes, beyond which it is cut (Tempo: max_label_value_length).
_VALUE_BYTES = 2048

_OVERFLOW: Labels = (("metric_overflow", "true"),)

Sample = tuple[Labels, float, int]


@dataclass(eq=False, slots=True)
class Counter:
    """One series that only rises."""

    labels: Labels
    updated: float
    value: float = 0.0
    is_new: bool = True

    def add(self, amount: float, now: float) -> None:
        """Counts."""
        self.value += amount
        self.updated = now

    def collect(self, milliseconds: int, zero: int) -> Iterator[Sample]:
        """The series' samples of a collection."""
        if self.is_new:
            self.is_new = False
            yield self.labels, 0.0, zero
        yield self.labels, self.value, milliseconds


@dataclass(eq=False, slots=True)
class Histogram:
    """The series of one classic histogram; the last bound is infinite."""

    bounds: tuple[float, ...]
    bucket_labels: list[Labels]
    sum_labels: Labels
    count_labels: Labels
    updated: float
    counts: list[int] = field(default_factory=list)
    sum: float = 0.0
    #: By bucket: the newest trace id and value since the last exemplars.
    examples: dict[int, tuple[str, float]] = field(default_factory=dict)
    is_new: bool = True

    def observe(self, value: float, trace_id: str, now: float) -> None:
        """Counts a value."""
        bucket = bisect_left(self.bounds, value)
        self.counts[bucket] += 1
        self.sum += value
        self.examples[bucket] = (trace_id, value)
        self.updated = now

    def collect(self, milliseconds: int, zero: int) -> Iterator[Sample]:
        """The series' samples of a collection."""
        if self.is_new:
            self.is_new = False
            for labels in (*self.bucket_labels, self.count_labels):
                yield labels, 0.0, zero
        total = 0
        for labels, count in zip(self.bucket_labels, self.counts, strict=True):
            total += count
            yield labels, float(total), milliseconds
        yield self.count_labels, float(total), milliseconds
        yield self.sum_labels, self.sum, milliseconds

    def take_examples(self, milliseconds: int) -> Iterator[Exemplar[Labels]]:
        """The exemplars since the last ones."""
        for bucket, (trace_id, value) in self.examples.items():
            yield Exemplar(self.bucket_labels[bucket], (("traceID", trace_id),), value, milliseconds)
        self.examples.clear()


class Registry:
    """All series that are fed at present. Not for several threads at a time."""

    def __init__(self) -> None:
        self._instance = socket.gethostname()
        self._counters: dict[tuple[str, Labels], Counter] = {}
        self._histograms: dict[tuple[str, Labels], Histogram] = {}
        self._series = 0
        self._exemplified = 0

    @property
    def active_series(self) -> int:
        """Series that are fed at present."""
        return self._series

    def counter(self, name: str, labels: Labels, now: float) -> Counter:
        """The counter of that name and those labels."""
        key = (name, self._within_bounds(1, labels, (name, labels) in self._counters))
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = Counter(self._named(name, key[1]), now)
            self._series += 1
        return counter

    def histogram(self, name: str, labels: Labels, bounds: tuple[float, ...], now: float) -> Histogram:
        """The histogram of that name and those labels."""
        key = (name, self._within_bounds(2 + len(bounds), labels, (name, labels) in self._histograms))
        histogram = self._histograms.get(key)
        if histogram is None:
            histogram = self._histograms[key] = Histogram(
                bounds,
                [self._named(f"{name}_bucket", (*key[1], ("le", format_value(bound)))) for bound in bounds],
                self._named(f"{name}_sum", key[1]),
                self._named(f"{name}_count", key[1]),
                now,
                [0] * len(bounds),
            )
            self._series += 2 + len(bounds)
        return histogram

    def _within_bounds(self, more: int, labels: Labels, known: bool) -> Labels:
        if known or self._series + more <= GENERATED_SERIES:
            return labels
        return _OVERFLOW

    def _named(self, name: str, labels: Labels) -> Labels:
        return tuple(sorted((*labels, ("__name__", name), ("__metrics_gen_instance", self._instance))))

    def collect(self, milliseconds: int) -> tuple[list[Sample], list[Exemplar[Labels]]]:
        """A sample of every series at this instant, and, every fifteen seconds, the newest exemplar of each bucket."""
        zero = milliseconds - milliseconds % 60_000 - 1_000
        samples: list[Sample] = []
        exemplars: list[Exemplar[Labels]] = []
        for counter in self._counters.values():
            samples += counter.collect(milliseconds, zero)
        for histogram in self._histograms.values():
            samples += histogram.collect(milliseconds, zero)
        if milliseconds - self._exemplified >= EXEMPLAR_MILLISECONDS:
            self._exemplified = milliseconds
            for histogram in self._histograms.values():
                exemplars += histogram.take_examples(milliseconds)
        return samples, exemplars

    def remove_stale(self, now: float) -> bool:
        """Ends the series that nothing has fed for long; returns whether there were any."""
        horizon = now - STALE_SECONDS
        before = self._series
        self._counters = {key: counter for key, counter in self._counters.items() if counter.updated >= horizon}
        self._histograms = {key: kept for key, kept in self._histograms.items() if kept.updated >= horizon}
        self._series = len(self._counters) + sum(2 + len(kept.bounds) for kept in self._histograms.values())
        return self._series < before


def labels_of(pairs: Iterable[tuple[str, str]]) -> Labels | None:
    """Labels for a series, values cut to their largest length and empty ones left out; None if that is not UTF-8."""
    kept = []
    for name, value in pairs:
        if len(value) * 4 > _VALUE_BYTES and len(encoded := value.encode()) > _VALUE_BYTES:
            try:
                value = encoded[:_VALUE_BYTES].decode()  # noqa: PLW2901
            except UnicodeDecodeError:
                return None
        if value:
            kept.append((name, value))
    return tuple(sorted(kept))
