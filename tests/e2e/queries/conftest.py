"""A lab in which something has happened: visitors, mistakes, a load test under way, a slow query, events.

Every kind of thing that a dashboard shows is there, so that an empty answer means a wrong query.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from lab.paths import REPOSITORY
from tests.e2e.conftest import BootedLab, boot
from tests.e2e.queries.asking import Backends
from tests.machine import program

#: Of each kind, so that every annotation query has something to find.
EVENTS = (
    ("fault", "database slowed down"),
    ("deploy", "backend 1.0.1"),
    ("note", "a look at the queries"),
)

#: A full scan: no index helps, so that even this has been seen.
SCAN = "/db/query?table=users&filter=city:eq:Bonn&limit=3"

#: Series that come last: rules over rules, the slowest rule group, metrics made from spans, the load test.
LAST_TO_COME = (
    "slo:error_budget_remaining:ratio",
    "service:request_duration_seconds:p95_1m > 0",
    "client_server:request_duration_seconds:p95_1m",
    'sum(rate(loadtest_requests_total{result="success"}[1m])) > 0',
)

WaitFor = Callable[..., Any]


@pytest.fixture(scope="session")
def busy_lab(tmp_path_factory: pytest.TempPathFactory, wait_for: WaitFor) -> Iterator[Backends]:
    """On the embedded stack."""
    for lab in boot(tmp_path_factory.mktemp("busy"), "--rps", "5"):
        with _busy(lab, wait_for) as backends:
            yield backends


@pytest.fixture(scope="session")
def busy_native_lab(tmp_path_factory: pytest.TempPathFactory, wait_for: WaitFor) -> Iterator[Backends]:
    """With the real servers that are on PATH. Prometheus has to be."""
    program("prometheus", package="prometheus")
    for lab in boot(tmp_path_factory.mktemp("busy-native"), "--rps", "5", stack="native"):
        with _busy(lab, wait_for) as backends:
            yield backends


@contextmanager
def _busy(lab: BootedLab, wait_for: WaitFor) -> Iterator[Backends]:
    assert lab.telemetry is not None
    telemetry = lab.telemetry
    for path in ("/user/123", "/product/106", "/user/999999", "/product/999999", "/nothing-here"):
        requests.get(lab.url("frontend", path), timeout=10)
    requests.get(lab.url("database", SCAN), timeout=10)
    for kind, text in EVENTS:
        result = lab.run("annotate", text, "--kind", kind, "--service", "database")
        assert result.returncode == 0, result.stderr
    answer = requests.get(lab.url("frontend", "/user/124"), headers={"Accept": "application/json"}, timeout=10)
    with _load_test(lab):
        for query in LAST_TO_COME:
            wait_for(lambda query=query: telemetry.query(query), query, timeout_seconds=100)
        # A rate wants two scrapes after the first request of its kind.
        time.sleep(11)
        state = lab.state()
        processes = frozenset(process.name for process in state.processes)
        yield Backends(state.backends, answer.headers["X-Trace-Id"], processes)


@contextmanager
def _load_test(lab: BootedLab) -> Iterator[None]:
    """Users on the chain for as long as it lasts: a load test's metrics are gone when it is."""
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "lab"), "load", "--users", "3", "--duration", "15m"],
        env=lab.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
