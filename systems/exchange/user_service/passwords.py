"""Passwords: hashed with Argon2id, which is slow on purpose, for us and for whoever steals the table.

Slow also means that a crowd that logs in could take every thread of the service, and nobody else would get an answer.
So only some are hashed at once, by threads that do nothing else, some more may wait, and the others are told to come
back.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from observability import Telemetry
from observability.errors import RequestError
from systems.exchange.user_service.metrics import UserMetrics

#: OWASP's recommendation for Argon2id, 2024: 19 MiB, two passes, one lane.
_MEMORY_KIBIBYTES = 19 * 1024
_PASSES = 2
_LANES = 1


class Passwords:
    """Hashes and verifies. Raises RequestError (503, `too_many_passwords`) when too many want that at once.

    Args:
        at_once: how many are computed at the same time; more than the machine has cores gains nothing.
        waiting: how many more may wait. Together fewer than the service has threads.
    """

    def __init__(self, metrics: UserMetrics, telemetry: Telemetry, *, at_once: int = 2, waiting: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIBIBYTES, parallelism=_LANES)
        self._metrics = metrics
        self._telemetry = telemetry
        self._admitted = threading.BoundedSemaphore(at_once + waiting)
        # Threads of their own also keep memory in bounds: what a hash has needed, its thread keeps for the next one.
        self._workers = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")
        #: Nobody's password, as slow to verify as anybody's.
        self._nobody = self._hasher.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        with self._turn("hash"):
            return self._workers.submit(self._hasher.hash, password).result()

    def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether it is that hash's password. None, for a user there is not, takes as long and is never right: how long
        an answer takes must not tell who has an account."""
        with self._turn("verify"):
            try:
                self._workers.submit(self._hasher.verify, password_hash or self._nobody, password).result()
            except (VerificationError, InvalidHashError):
                return False
            return password_hash is not None

    @contextmanager
    def _turn(self, operation: str) -> Iterator[None]:
        if not self._admitted.acquire(blocking=False):
            raise RequestError(
                503,
                "too_many_passwords",
                "too many are logging in or signing up at this moment",
                hint="try again in a second",
                headers={"Retry-After": "1"},
            )
        started = perf_counter()
        try:
            with self._telemetry.span(f"{operation}_password"):
                yield
        finally:
            self._admitted.release()
            self._telemetry.observe(self._metrics.password_duration_seconds.labels(operation), perf_counter() - started)
