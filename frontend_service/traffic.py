"""Makes planned visits (`visits.py`) real: HTTP requests to this service's own address, as users would send them.

It must not disturb the service it drives: few requests are in flight at the same time, and a visit that finds no place,
or is late, does not take place.
"""

from __future__ import annotations

import fcntl
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import requests
from opentelemetry.instrumentation.utils import suppress_instrumentation

from frontend_service.visitors import COOKIE
from frontend_service.visits import Visit

_TIMEOUT_SECONDS = (0.5, 6.0)
#: A visit that is later than this (after the machine slept, say) does not take place.
_LATE_SECONDS = 1.0
_POLL_SECONDS = 0.5
_REPORT_SECONDS = 60.0
SIMULATED_USER = "simulated-user"


class TrafficDriver:
    """Sends `visits` to `base_url` from background threads, once the service is ready, until `stop`.

    At most `max_in_flight` requests are on their way at the same time; drivers that are given the same `places` share
    those. Of several worker processes that share `lock_path` one drives; when it ends, another takes over.
    """

    def __init__(
        self,
        visits: Iterable[Visit],
        base_url: str,
        logger: logging.Logger,
        *,
        max_in_flight: int,
        places: threading.Semaphore | None = None,
        lock_path: Path | None = None,
        user_agent: str = SIMULATED_USER,
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        self._visits = visits
        self._base_url = base_url.rstrip("/")
        self._logger = logger
        self._max_in_flight = max_in_flight
        self._lock_path = lock_path
        self._places = places or threading.Semaphore(max_in_flight)
        self._user_agent = user_agent
        self._on_start = on_start
        self._next: queue.SimpleQueue[Visit | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._dropped = 0
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin in the background."""
        self._spawn(self._drive)

    def stop(self, timeout_seconds: float = 1.0) -> None:
        """Send nothing more; wait for what is in flight, for a bounded time. May be called more than once."""
        self._stopped.set()
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _spawn(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name="traffic", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _drive(self) -> None:
        with suppress_instrumentation(), ExitStack() as stack:
            if not self._wait_for_turn(stack) or not self._wait_until_ready():
                return
            for _ in range(self._max_in_flight):
                self._spawn(self._send_visits)
            self._on_start()
            self._schedule()
            # After the last visit: each gives its place back.
            for _ in range(self._max_in_flight):
                self._next.put(None)

    def _wait_for_turn(self, stack: ExitStack) -> bool:
        """Become the one process that drives, for as long as `stack` is open; False when stopped while waiting."""
        if self._lock_path is None:
            return True
        lock = stack.enter_context(self._lock_path.open("a"))
        while not self._stopped.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                self._stopped.wait(_POLL_SECONDS)
        return False

    def _wait_until_ready(self) -> bool:
        session = self._new_session()
        while not self._stopped.is_set():
            try:
                if session.get(f"{self._base_url}/ready", timeout=_TIMEOUT_SECONDS).ok:
                    return True
            except requests.RequestException:
                pass
            self._stopped.wait(_POLL_SECONDS)
        return False

    def _schedule(self) -> None:
        started = reported = time.monotonic()
        for visit in self._visits:
            if self._stopped.wait(max(0.0, started + visit.at_seconds - time.monotonic())):
                return
            now = time.monotonic()
            if now - started - visit.at_seconds < _LATE_SECONDS and self._places.acquire(blocking=False):
                self._next.put(visit)
            else:
                self._dropped += 1
            if self._dropped and now - reported >= _REPORT_SECONDS:
                self._logger.warning("Simulated users found no place", extra={"dropped_visits": self._dropped})
                self._dropped, reported = 0, now

    def _send_visits(self) -> None:
        # The request's trace must begin at the service, not here: simulated users are not part of the system.
        with suppress_instrumentation():
            session = self._new_session()
            while (visit := self._next.get()) is not None:
                try:
                    if not self._stopped.is_set():
                        session.get(
                            self._base_url + visit.path,
                            headers={"Cookie": f"{COOKIE}={visit.visitor}"} if visit.visitor else None,
                            timeout=_TIMEOUT_SECONDS,
                        )
                except requests.RequestException:
                    # The service tells of its failures itself; users just leave.
                    pass
                finally:
                    self._places.release()

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.headers["User-Agent"] = self._user_agent
        return session
