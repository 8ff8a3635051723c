"""A workshop with a whole lab: the first request of the page for learners is slow and the second is not, because the
cache has it, and the traces show that; what the instructor sets for one team is really there, and only there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from lab.exercises.progress import PROGRESS_FILE_VARIABLE
from lab.faults.catalogue import read_catalogue
from lab.paths import REPOSITORY, StateDirectory
from lab.telemetry_client import TraceNotFound
from tests.e2e.conftest import BootedLab
from tests.e2e.happenings import WaitFor
from tests.integration.workshop.workshop_processes import LearnersLab, served_workshop
from tests.machine import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]

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


def test_a_fault_for_one_team_is_in_its_lab_alone_and_gone_when_it_leaves(
    lab: BootedLab, tmp_path: Path, wait_for: WaitFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRESS_FILE_VARIABLE, str(tmp_path / "progress.json"))
    other = LearnersLab(StateDirectory(tmp_path / "other"))
    fault = {"fault": "unscrapable", "set": {"service": "database"}}

    def metrics_answer() -> int:
        return requests.get(lab.url("database", "/metrics"), timeout=5).status_code

    with served_workshop(tmp_path / "instructor", free_port()) as workshop, other.running():
        try:
            joined = lab.run("workshop", "join", workshop.address, "--name", "ada", "--team", "red")
            assert joined.returncode == 0, joined.stderr
            assert other.run("join", workshop.address, "--name", "bob", "--team", "blue").returncode == 0
            processes = len(lab.state().processes)
            well = {"up": True, "healthy": processes, "of": processes, "problem": ""}
            wait_for(
                lambda: (workshop.learner("ada") or {}).get("lab") == well, "the instructor sees a lab that is well"
            )

            workshop.order({"team": "blue"}, "on", **fault)
            assert metrics_answer() == 200
            workshop.order({"team": "red"}, "on", **fault)
            wait_for(lambda: metrics_answer() == 503, "the fault is in effect")
            workshop.order({"everybody": True}, "off", fault="unscrapable")
            wait_for(lambda: metrics_answer() == 200, "it is off again")

            workshop.order({"learner": "ada"}, "on", **fault)
            wait_for(lambda: metrics_answer() == 503, "it is on again")
        finally:
            left = lab.run("workshop", "leave")
            other.run("leave")
        wait_for(lambda: metrics_answer() == 200, "nothing is left of it")
    said = joined.stdout + joined.stderr + left.stdout + left.stderr
    assert [name for name in read_catalogue() if name in said] == []
