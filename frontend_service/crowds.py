"""Everybody who is simulated: the usual users, and who comes besides them while the service runs.

Each crowd is a plan of visits (`visits.py`) with a driver of its own (`traffic.py`), so that the usual users do what
they would have done without the others.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from frontend_service.traffic import TrafficDriver
from frontend_service.visits import join_midway, plan_reading, plan_visits

#: A program that looks through the shop page by page, as search engines have them.
_READER_AGENT = "Mozilla/5.0 (compatible; ShopIndex/2.1)"
#: It waits for an answer before it asks on, but not for a slow one.
_READER_IN_FLIGHT = 2


class Crowds:
    """Sends them to `base_url`. Not safe to use from several threads at once.

    Of all users together at most `max_in_flight` are on their way. `lock_directory` is where the worker processes of
    the service agree on who drives.
    """

    def __init__(
        self,
        requests_per_second: float,
        seed: int,
        base_url: str,
        logger: logging.Logger,
        *,
        max_in_flight: int,
        lock_directory: Path | None = None,
        steady: bool = False,
    ) -> None:
        self._requests_per_second = requests_per_second
        self._seed = seed
        self._steady = steady
        self._base_url = base_url
        self._logger = logger
        self._max_in_flight = max_in_flight
        self._lock_directory = lock_directory
        self._places = threading.Semaphore(max_in_flight)
        self._started = time.monotonic()
        self._usual: TrafficDriver | None = None
        self._additional: TrafficDriver | None = None
        self._reader: TrafficDriver | None = None

    def start(self) -> None:
        """The usual users come from now on; without a rate nobody does."""
        if not self._requests_per_second:
            return

        def tell() -> None:
            self._started = time.monotonic()
            self._logger.info("Simulated users are on their way", extra={"max_in_flight": self._max_in_flight})

        self._usual = TrafficDriver(
            plan_visits(self._requests_per_second, self._seed, steady=self._steady),
            self._base_url,
            self._logger,
            max_in_flight=self._max_in_flight,
            places=self._places,
            lock_path=self._lock("traffic"),
            on_start=tell,
        )
        self._usual.start()

    def multiply(self, factor: float) -> None:
        """From now on `factor` times as many users come as usual; 1: the usual ones only."""
        if self._additional:
            self._additional.stop(timeout_seconds=0)
            self._additional = None
        rate = self._requests_per_second * (factor - 1)
        if rate > 0:
            visits = plan_visits(rate, self._seed, crowd=1, steady=self._steady)
            self._additional = TrafficDriver(
                join_midway(visits, time.monotonic() - self._started),
                self._base_url,
                self._logger,
                max_in_flight=self._max_in_flight,
                places=self._places,
                lock_path=self._lock("additional-traffic"),
            )
            self._additional.start()

    def read_users(self, requests_per_second: float, first_id: int) -> None:
        """A program looks at one user after the other from now on, beginning at `first_id`; 0 a second: none does."""
        if self._reader:
            self._reader.stop(timeout_seconds=0)
            self._reader = None
        if requests_per_second > 0:
            self._reader = TrafficDriver(
                plan_reading(requests_per_second, first_id),
                self._base_url,
                self._logger,
                max_in_flight=_READER_IN_FLIGHT,
                lock_path=self._lock("reader"),
                user_agent=_READER_AGENT,
            )
            self._reader.start()

    def stop(self) -> None:
        """Nobody comes any more; waits for those on their way, for a bounded time. May be called more than once."""
        for driver in (self._usual, self._additional, self._reader):
            if driver:
                driver.stop()

    def _lock(self, name: str) -> Path | None:
        return self._lock_directory / f"{name}.lock" if self._lock_directory else None
