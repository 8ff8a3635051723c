"""Simulated traffic against a real frontend, and who is counted as being there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from tests.integration.chain.running_chain import Chain, run_chain, until


def count(chain: Chain, pattern: str) -> float:
    """The sum of the frontend's samples whose line begins with the pattern."""
    lines = re.findall(rf"^{pattern}\S* (\S+)", chain.metrics("frontend"), re.MULTILINE)
    return sum(map(float, lines))


@pytest.mark.slow
def test_simulated_users_come_by_themselves_and_their_traces_begin_at_the_frontend(tmp_path: Path) -> None:
    with run_chain(tmp_path / "output.log", TRAFFIC_RPS="30", TRAFFIC_SEED="2") as chain:
        until(lambda: count(chain, "frontend_requests_total") >= 60)
        assert count(chain, "frontend_active_users") >= 5
        roots = until(lambda: [span for span in chain.receiver.spans if not span.parent_span_id])
        assert {span.service for span in roots} == {"frontend"}
        assert {span.kind for span in roots} == {2}
        until(lambda: any(line["message"] == "Simulated users are on their way" for line in chain.receiver.lines))


@pytest.mark.slow
def test_of_several_worker_processes_one_drives(tmp_path: Path) -> None:
    with run_chain(tmp_path / "output.log", TRAFFIC_RPS="20", SERVICE_WORKERS="2") as chain:
        until(lambda: count(chain, "frontend_requests_total") >= 30)
        drivers = until(
            lambda: [line for line in chain.receiver.lines if line["message"] == "Simulated users are on their way"]
        )
        assert len(drivers) == 1


@pytest.mark.slow
def test_when_the_chain_is_down_simulated_users_leave_room_for_others(own_chain: Chain) -> None:
    own_chain.stop("frontend")
    own_chain.start("frontend", TRAFFIC_RPS="200", SERVICE_THREADS="4")
    own_chain.wait_until_ready("frontend")
    until(lambda: count(own_chain, "frontend_requests_total") >= 20)
    own_chain.stop("backend")
    for _ in range(3):
        assert own_chain.get("/user/1").status_code == 503
    own_chain.start("backend")
    own_chain.wait_until_ready("backend")
    assert until(lambda: own_chain.get("/user/1").status_code == 200)


@pytest.mark.slow
def test_several_worker_processes_count_a_visitor_once(tmp_path: Path) -> None:
    with run_chain(tmp_path / "output.log", SERVICE_WORKERS="2") as chain:
        for visitor in ("1" * 32, "2" * 32, "3" * 32):
            for _ in range(8):
                # A new connection each time, so that both workers see the visitor.
                assert chain.get("/nowhere", Cookie=f"visitor={visitor}").status_code == 404
        until(lambda: count(chain, "frontend_active_users") == 3)


def test_visitors_are_counted_by_their_cookie(own_chain: Chain) -> None:
    for _ in range(3):
        with requests.Session() as browser:
            browser.get(own_chain.url("frontend", "/"), timeout=10)
            browser.get(own_chain.url("frontend", "/user/1"), timeout=10)
    assert count(own_chain, "frontend_active_users") == 3
