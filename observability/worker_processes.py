"""The process metrics of a service with several worker processes: what they take together.

prometheus-client measures the process that is asked, which would be another one at every scrape. Linux only, as there.
"""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

#: The one that does not add up: the service is as young as its youngest worker.
_START_TIME = "process_start_time_seconds"

_METRICS_FILE = re.compile(r"_(\d+)\.db")


class WorkerProcesses(Collector):
    """CPU, memory and open files of all living workers, added up. `directory` is where they share their metrics."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterator[Metric]:
        """The metrics as of now."""
        sums: dict[str, Metric] = {}
        for pid in self._workers():
            for metric in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]
                known = sums.setdefault(metric.name, metric)
                if known is not metric:
                    (before,), (sample,) = known.samples, metric.samples
                    join = max if metric.name == _START_TIME else operator.add
                    known.samples = [before._replace(value=join(before.value, sample.value))]
        yield from sums.values()

    def _workers(self) -> list[int]:
        """Those that have metrics, live, and have the parent that this one has."""
        known = {int(found[1]) for file in self._directory.glob("*.db") if (found := _METRICS_FILE.search(file.name))}
        return sorted(pid for pid in known if _parent_of(pid) == os.getppid())


def _parent_of(pid: int) -> int | None:
    try:
        # The name in the middle may hold anything, parentheses too.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return None
