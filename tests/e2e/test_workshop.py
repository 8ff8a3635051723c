"""The first request of the workshop's page for learners: the first answer is slow and the second is not, because the
cache has it, and the traces show that."""

from __future__ import annotations

import re

import pytest
import requests

from lab.paths import REPOSITORY
from lab.telemetry_client import TraceNotFound
from tests.e2e.conftest import BootedLab
from tests.e2e.happenings import WaitFor

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(120)]

PAGE = (REPOSITORY / "docs/workshop/learner.md").read_text(encoding="utf-8")


def services_of(lab: BootedLab, trace_id: str) -> set[str]:
    assert lab.telemetry is not None
    try:
        return {span.service for span in lab.telemetry.trace(trace_id)}
    except TraceNotFound:
        return set()


def test_the_first_request_needs_the_database_and_the_second_does_not(lab: BootedLab, wait_for: WaitFor) -> None:
    paths = re.findall(r"^curl -si http://127\.0\.0\.1:8001(/\S+)", PAGE, re.MULTILINE)
    asked = [requests.get(lab.url("frontend", path), timeout=10) for path in paths]
    assert [re.findall(r'cache;desc="(\w+)"', answer.headers["Server-Timing"]) for answer in asked] == [
        ["miss"],
        ["hit"],
    ]
    first, second = (answer.headers["X-Trace-Id"] for answer in asked)
    everybody = {"frontend", "backend", "database"}
    wait_for(lambda: services_of(lab, first) == everybody, f"the whole trace {first}")
    wait_for(lambda: services_of(lab, second) == everybody - {"database"}, f"the whole trace {second}")
    shown = lab.run("trace", first)
    assert "query_execution" in shown.stdout, shown.stdout + shown.stderr
