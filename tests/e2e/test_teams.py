"""A workshop with a whole lab: what the instructor sets for one team is really so there, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from lab.exercises.progress import PROGRESS_FILE_VARIABLE
from lab.faults.catalogue import read_catalogue
from lab.paths import StateDirectory
from tests.e2e.conftest import BootedLab
from tests.e2e.happenings import WaitFor
from tests.integration.workshop.workshop_processes import LearnersLab, served_workshop
from tests.machine import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]


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
            state = workshop.learner("ada")
            assert state is not None
            assert state["lab"]["healthy"] == state["lab"]["of"] == len(lab.state().processes)

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
