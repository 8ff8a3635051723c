"""How much of each product will be asked for: a simulation of many possible months, in the background."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

_DAYS = 30
#: How often the share is kept: short, so that it is even.
_SLICE_SECONDS = 0.2


class DemandForecast:
    """Computes for as long as it is started, in one thread."""

    def __init__(self) -> None:
        self._stop: Callable[[], None] | None = None
        #: Months simulated since the process began.
        self.months = 0

    def start(self, share: float) -> None:
        """Begin, with this share of one processor core; one that runs already is replaced."""
        self.stop()
        stopped = threading.Event()
        self._stop = stopped.set
        threading.Thread(target=self._run, args=(stopped, share), name="demand-forecast", daemon=True).start()

    def stop(self) -> None:
        """End it, within a moment."""
        if self._stop:
            self._stop()
            self._stop = None

    def _run(self, stopped: threading.Event, share: float) -> None:
        random_ = random.Random(0)
        while not stopped.is_set():
            began = time.thread_time()
            started = time.monotonic()
            # The thread's own processor time: waiting for the interpreter is not computing.
            while time.thread_time() - began < _SLICE_SECONDS * share and not stopped.is_set():
                _simulate_month(random_)
                self.months += 1
            stopped.wait(max(0.0, _SLICE_SECONDS - (time.monotonic() - started)))


def _simulate_month(random_: random.Random) -> float:
    """Pieces sold of one product in a month that could happen."""
    level, sold = 10.0, 0.0
    for _ in range(_DAYS):
        level *= random_.lognormvariate(0.0, 0.1)
        sold += max(0.0, random_.gauss(level, level**0.5))
    return sold
