"""A tier that is gone: answers stay JSON, come in bounded time, and are right again when it is back."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests

from tests.integration.chain.running_chain import Chain, until


def test_without_the_database_cached_answers_go_on_and_others_are_503(own_chain: Chain) -> None:
    assert own_chain.get("/user/123").status_code == 200
    own_chain.stop("database", signal.SIGKILL)
    assert own_chain.get("/user/123").status_code == 200

    response = own_chain.get("/user/124")
    error = response.json()["error"]
    assert response.status_code == 503
    assert (error["type"], error["trace_id"]) == ("backend_unavailable", response.headers["X-Trace-Id"])
    assert "database" in error["message"]
    page = own_chain.get("/user/124", Accept="text/html")
    assert (page.status_code, "Out of reach" in page.text) == (503, True)
    backend_ready = own_chain.get("/ready", tier="backend")
    assert (backend_ready.status_code, backend_ready.json()["dependencies"]["database"]["status"]) == (503, "down")

    spans = {span.name: span for span in own_chain.receiver.trace(error["trace_id"], 4)}
    for name in ("frontend_get_user", "backend_get_user"):
        assert spans[name].status == 2
        assert spans[name].events == ("exception",)
    lines = own_chain.receiver.lines_of(error["trace_id"], 5)
    assert {(line["service"], line["level"]) for line in lines if " failed: " in line["message"]} == {
        ("backend", "error"),
        ("frontend", "error"),
    }
    assert 'frontend_errors_total{type="backend_unavailable"}' in own_chain.metrics("frontend")
    assert 'backend_database_calls_total{operation="get_user",status="unavailable"}' in own_chain.metrics("backend")

    own_chain.start("database")
    own_chain.wait_until_ready("database")
    assert own_chain.get("/user/124").status_code == 200


def test_without_the_backend_every_answer_is_503_and_it_recovers(own_chain: Chain) -> None:
    own_chain.stop("backend", signal.SIGKILL)
    for path in ("/", "/user/123", "/product/42"):
        response = own_chain.get(path)
        assert (response.status_code, response.json()["error"]["type"]) == (503, "backend_unavailable")
    assert own_chain.get("/health").status_code == 200
    assert own_chain.get("/ready").status_code == 503
    own_chain.start("backend")
    own_chain.wait_until_ready("backend")
    assert own_chain.get("/user/123").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["backend", "database"])
def test_a_tier_that_hangs_does_not_hang_the_user(own_chain: Chain, tier: str) -> None:
    process = own_chain.processes[tier]
    children = _stop_with_children(process.pid)
    try:
        began = time.monotonic()
        response = own_chain.get("/user/77")
        # Not a matter of speed: every call has a time-out, and together they end.
        assert time.monotonic() - began < 30
        assert response.status_code == 503
    finally:
        for child in children:
            child.resume()
    assert until(lambda: own_chain.get("/user/78").status_code == 200)


def _stop_with_children(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    family = [parent, *parent.children(recursive=True)]
    for process in family:
        process.suspend()
    return family


def test_a_used_up_connection_pool_is_said_so(own_chain: Chain) -> None:
    own_chain.stop("database")
    own_chain.start(
        "database",
        DATABASE_POOL_SIZE="1",
        DATABASE_POOL_TIMEOUT_SECONDS="0.02",
        DATABASE_LATENCY_SCALE="50",
    )
    own_chain.wait_until_ready("database")

    def ask_together() -> dict[int, requests.Response]:
        with ThreadPoolExecutor(4) as callers:
            answers = callers.map(lambda n: own_chain.get(f"/db/user/{n}", tier="database"), range(1, 5))
            return {answer.status_code: answer for answer in answers}

    answers = until(lambda: found if set(found := ask_together()) == {200, 503} else None)
    assert answers[503].json()["error"]["type"] == "pool_exhausted"
    assert own_chain.get("/db/user/9", tier="database").status_code == 200
    assert "database_connection_pool_active 0.0" in own_chain.metrics("database")
