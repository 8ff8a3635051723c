"""Where the metrics made from spans go: the store's own metric storage, or a real Prometheus by remote write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...metrics.exposition import Exemplar, Labels
from ...metrics.storage import MetricStorage
from .registry import Sample


class Destination(Protocol):
    """Takes what a collection gave, without waiting for anybody."""

    def take(self, samples: Sequence[Sample], exemplars: Sequence[Exemplar[Labels]]) -> None:
        """Takes samples and exemplars. Raises Refusal when it cannot."""


class OwnStorage:
    """The metric storage of the same process."""

    def __init__(self, storage: MetricStorage) -> None:
        self._storage = storage

    def take(self, samples: Sequence[Sample], exemplars: Sequence[Exemplar[Labels]]) -> None:
        """Stores samples and exemplars. Raises Refusal when the storage does not take them."""
        series_of = self._storage.series_of
        self._storage.append(
            [(series_of(labels), value, at) for labels, value, at in samples],
            [Exemplar(series_of(e.series), e.labels, e.value, e.time) for e in exemplars],
            24 * len(samples),
        )
