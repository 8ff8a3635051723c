"""Makes every kind of thing happen in a lab that a dashboard shows, so that an empty answer means a wrong query.

Visitors, mistakes, a slow query, events, and a load test that is under way.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from lab.paths import REPOSITORY
from tests.e2e.conftest import BootedLab

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


@contextmanager
def everything_happening(lab: BootedLab, wait_for: WaitFor) -> Iterator[str]:
    """On a lab with traffic. The id of a trace that is in all of its backends."""
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
        yield answer.headers["X-Trace-Id"]


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
