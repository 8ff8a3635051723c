"""Makes the simulated traders real: HTTP requests to the gateway's own address, as users would send them.

It must not disturb the service it drives: few requests are on their way at the same time, and a moment at which nobody
has a hand free passes unused.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from opentelemetry.instrumentation.utils import suppress_instrumentation

from systems.exchange.traffic.asking import Answer, Ask
from systems.exchange.traffic.moments import moments
from systems.exchange.traffic.population import Participant, Population

_TIMEOUT_SECONDS = (0.5, 8.0)
#: A moment that is longer ago than this (after the machine slept, say) passes unused.
_LATE_SECONDS = 1.0
_POLL_SECONDS = 0.5
SIMULATED_TRADER = "simulated-trader"


class Traffic:
    """Trades at `base_url` from background threads, once the service is ready, until `stop`."""

    def __init__(
        self,
        requests_per_second: float,
        seed: int,
        base_url: str,
        logger: logging.Logger,
        *,
        max_in_flight: int,
        steady: bool = False,
    ) -> None:
        self._moments = moments(requests_per_second, seed, steady=steady)
        self._population = Population(seed, f"{int(time.time()):x}")
        self._base_url = base_url.rstrip("/")
        self._logger = logger
        self._max_in_flight = max_in_flight
        self._places = threading.Semaphore(max_in_flight)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = SIMULATED_TRADER

    def start(self) -> None:
        """Begin in the background."""
        self._thread = threading.Thread(target=self._drive, name="traffic", daemon=True)
        self._thread.start()

    def stop(self, timeout_seconds: float = 1.0) -> None:
        """Send nothing more. May be called more than once."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _drive(self) -> None:
        with suppress_instrumentation():
            if not self._wait_until_ready():
                return
        self._logger.info("Simulated traders are on their way", extra={"max_in_flight": self._max_in_flight})
        pool = ThreadPoolExecutor(self._max_in_flight, thread_name_prefix="trader")
        started = time.monotonic()
        for moment in self._moments:
            if self._stopped.wait(max(0.0, started + moment - time.monotonic())):
                break
            if time.monotonic() - started - moment > _LATE_SECONDS or not self._places.acquire(blocking=False):
                continue
            with self._lock:
                participant = self._population.next()
            if participant is None:
                self._places.release()
            else:
                pool.submit(self._act, participant)
        pool.shutdown(wait=False, cancel_futures=True)

    def _wait_until_ready(self) -> bool:
        while not self._stopped.is_set():
            if self._send(Ask("GET", "/ready")).ok:
                return True
            self._stopped.wait(_POLL_SECONDS)
        return False

    def _act(self, participant: Participant) -> None:
        try:
            # The trace begins at the gateway, not here: simulated traders are not part of the system.
            with suppress_instrumentation():
                answer = self._send(participant.ask())
            participant.answer(answer)
        except Exception:
            # A script that cannot go on from here: a mistake of ours, and not the end of trading.
            self._logger.exception("A simulated trader gave up", extra={"persona": participant.kind.name})
            participant.begin_again()
        finally:
            with self._lock:
                self._population.done(participant)
            self._places.release()

    def _send(self, ask: Ask) -> Answer:
        try:
            response = self._session.request(
                ask.method,
                self._base_url + ask.path,
                json=ask.body,
                headers={"Authorization": f"Bearer {ask.token}"} if ask.token else None,
                timeout=_TIMEOUT_SECONDS,
            )
            return Answer(response.status_code, response.json())
        except ValueError:
            # Not JSON: somebody else answered.
            return Answer(0)
        except requests.RequestException:
            # The gateway tells of its failures itself; traders try something else.
            return Answer(0)
