"""How long a bigger, busier database would take: a simulated wait on top of the engine's own microseconds.

Log-normal, as response times of real databases are: most close to the median, some far out to the right; and now
and then (a checkpoint, a cold page) a query takes many times as long. Work the engine really did counts
too: a scan is slow because it read every row, not because somebody said so.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Latency:
    """Median in seconds, and the standard deviation of its logarithm."""

    median_seconds: float
    sigma: float


#: (operation, table) -> latency. Transactions belong to no table.
LATENCIES = {
    ("SELECT", "users"): Latency(0.003, 0.35),
    ("SELECT", "products"): Latency(0.003, 0.35),
    ("SELECT", "inventory"): Latency(0.005, 0.4),
    ("SELECT", "orders"): Latency(0.006, 0.45),
    ("UPDATE", "orders"): Latency(0.008, 0.4),
    ("BEGIN", ""): Latency(0.0002, 0.3),
    ("COMMIT", ""): Latency(0.0006, 0.4),
    ("ROLLBACK", ""): Latency(0.0004, 0.4),
}
#: One query in 100 takes 10 to 60 times as long.
_SLOW_SHARE = 0.01
_SLOW_FACTOR = (10.0, 60.0)
#: A thousand instructions of the engine stand for this much reading of a table that does not fit into memory.
_SECONDS_PER_WORK_UNIT = 0.003


class LatencyModel:
    """Waits, drawn from a generator of its own: the n-th draw is the same in every run with this seed."""

    def __init__(self, seed: int, scale: float) -> None:
        self._random = random.Random(f"latency {seed}")
        self._scale = scale
        self._burden = 1.0
        #: Set when the burden changes; None while there is none.
        self._relief: threading.Event | None = None

    def seconds(self, operation: str, table: str = "", work_units: int = 0) -> float:
        """The simulated time of one operation that cost `work_units` (`Connection.work_units`) in the engine."""
        if not self._scale:
            return 0.0
        latency = LATENCIES[operation, table]
        seconds = latency.median_seconds * self._random.lognormvariate(0.0, latency.sigma)
        if table and self._random.random() < _SLOW_SHARE:
            seconds *= self._random.uniform(*_SLOW_FACTOR)
        return (seconds + work_units * _SECONDS_PER_WORK_UNIT) * self._scale * self._burden

    def burden(self, factor: float) -> None:
        """The storage has other work to do besides, and takes `factor` times as long; 1 = it has none.

        Whoever waits for it when that changes gets an answer at once.
        """
        before = self._relief
        # In this order, and read in the other one: nobody waits under a burden for a relief that does not come.
        if factor == 1:
            self._burden = factor
            self._relief = None
        else:
            self._relief = threading.Event()
            self._burden = factor
        if before:
            before.set()

    def wait(self, operation: str, table: str = "", work_units: int = 0) -> None:
        """Let the simulated time pass; with scale 0 return at once."""
        if self._scale:
            relief = self._relief
            seconds = self.seconds(operation, table, work_units)
            if relief is None:
                time.sleep(seconds)
            else:
                relief.wait(seconds)
