"""Cutting off queries that run too long. Evaluators call `check` between steps, SQLite asks by a progress handler."""

from __future__ import annotations

import time
from typing import ClassVar

from .limits import QUERY_SECONDS
from .refusals import TimedOut


class Deadline:
    """The moment at which one query must have its answer: never later than `longest` from now."""

    #: Seconds that any query may take. Set once, when the process starts (`--query-seconds`).
    longest: ClassVar[float] = QUERY_SECONDS

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = self.longest if seconds is None else min(seconds, self.longest)
        self._end = time.monotonic() + self.seconds

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._end

    def check(self) -> None:
        """Raises TimedOut when the time is up."""
        if self.passed:
            raise TimedOut(f"query timed out after {self.seconds:g} seconds; ask for less time or fewer series")
