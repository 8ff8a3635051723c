"""A small closed-loop load for the end-to-end tests: threads that ask the frontend and keep every answer.

Locust drives load for people (`lab load`); here each single answer is looked at.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice

import requests


@dataclass(frozen=True)
class Answer:
    """One answer; status 0 is none at all (`body` is the error then)."""

    path: str
    status: int
    body: str
    seconds: float
    trace_id: str

    def is_json(self) -> bool:
        try:
            return isinstance(json.loads(self.body), dict)
        except ValueError:
            return False


@dataclass
class Load:
    """Asks `paths` in turn from several threads, `count` times in all, or until it is stopped."""

    base_url: str
    paths: list[str]
    threads: int = 8
    answers: list[Answer] = field(default_factory=list)

    def run(self, count: int) -> list[Answer]:
        remaining: Iterator[str] = islice(cycle(self.paths), count)
        self._start(lambda: next(remaining, None))
        return self._join()

    def start(self) -> None:
        """Ask until `stop`."""
        self._stopped = threading.Event()
        endless = cycle(self.paths)
        self._start(lambda: None if self._stopped.is_set() else next(endless))

    def stop(self) -> list[Answer]:
        self._stopped.set()
        return self._join()

    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers)

    def _start(self, take: Callable[[], str | None]) -> None:
        lock = threading.Lock()

        def take_one() -> str | None:
            with lock:
                return take()

        self._running = [threading.Thread(target=self._ask_all, args=(take_one,)) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()

    def _join(self) -> list[Answer]:
        for thread in self._running:
            thread.join()
        return self.answers

    def _ask_all(self, take: Callable[[], str | None]) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (path := take()) is not None:
                self.answers.append(ask(session, self.base_url, path))


def ask(session: requests.Session, base_url: str, path: str) -> Answer:
    started = time.monotonic()
    try:
        response = session.get(base_url + path, timeout=20)
    except requests.RequestException as error:
        # A service that is being killed refuses connections; a loop without a pause would only count them.
        time.sleep(0.05)
        return Answer(path, 0, repr(error), time.monotonic() - started, "")
    return Answer(
        path, response.status_code, response.text, time.monotonic() - started, response.headers.get("X-Trace-Id", "")
    )
