"""A service of the exchange as the lab starts it: a process of its own, on a free port, that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.integration.exchange.backing import until
from tests.machine import free_port


class RunningService:
    """`module` such as `systems.exchange.matching_engine`, with further settings. Its telemetry goes nowhere."""

    def __init__(self, module: str, postgresql_url: str, redis_url: str, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            env={
                **os.environ,
                "SERVICE_PORT": str(self.port),
                "EXCHANGE_DATABASE_URL": postgresql_url,
                "EXCHANGE_REDIS_URL": redis_url,
                "LOKI_URL": "",
                "LOG_CONSOLE": "false",
                "OTEL_TRACES_EXPORTER": "none",
                **settings,
            },
            # The server's parent and its workers end together.
            start_new_session=True,
        )

    def answers(self, path: str) -> bool:
        """Whether a GET is answered with 200."""
        try:
            return requests.get(f"{self.url}{path}", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def get(self, path: str) -> Any:
        """The JSON of a GET."""
        return requests.get(f"{self.url}{path}", timeout=10).json()

    def wait_until_ready(self) -> None:
        until(lambda: self.answers("/ready"), seconds=60)

    def kill(self) -> None:
        """At once, with all it had in hand."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)


@contextmanager
def running_services(
    module: str, count: int, postgresql_url: str, redis_url: str, **settings: str
) -> Iterator[list[RunningService]]:
    """So many of the same, ready; more may be added to the list. Killed at the end."""
    services = [RunningService(module, postgresql_url, redis_url, **settings) for _ in range(count)]
    try:
        for service in services:
            service.wait_until_ready()
        yield services
    finally:
        for service in services:
            service.kill()
