"""Incidents on a whole lab, as a player has them: one of each task, answered rightly and wrongly, and nothing told
before the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from lab.faults.catalogue import KINDS, Catalogue, read_catalogue
from lab.faults.flag_file import FlagFile
from lab.incidents.answers import Answer, Cause
from lab.incidents.conduct import conducted
from lab.incidents.files import IncidentFiles
from lab.incidents.game import Game
from lab.incidents.scenario import Task, draw
from lab.incidents.system_file import read_system_incidents
from lab.incidents.watcher import open_lab
from lab.manifest import discover
from lab.paths import StateDirectory
from tests.e2e.conftest import BootedLab, boot
from tests.e2e.incidents.commands import begun, told

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

CATALOGUE = read_catalogue()
CHAIN = read_system_incidents(discover()["chain"])
LOOKING: tuple[Task, ...] = ("detect", "locate", "analyse")


@pytest.fixture(scope="module")
def busy_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedLab]:
    yield from boot(tmp_path_factory.mktemp("lab"), "--rps", "9", "--steady")


def seed_of(task: Task, *faults: str) -> int:
    """The first easy incident with these faults."""
    return next(
        seed
        for seed in range(1, 200)
        if [one.name for one in draw(seed, "easy", task, CATALOGUE, CHAIN).faults] == [*faults]
    )


def spoilers(text: str, catalogue: Catalogue = CATALOGUE) -> list[str]:
    """Names of faults, of flags and of kinds in it."""
    names = {*catalogue, *KINDS, *(fault.flag for fault in catalogue.values())}
    return [name for name in sorted(names) if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


def test_an_incident_is_played_blind_and_explained_after_the_answer(busy_lab: BootedLab) -> None:
    seed = seed_of("locate", "chatty-inventory")
    seen = [begun(busy_lab, "--seed", str(seed), "--task", "locate")]
    status = told(busy_lab, "status")
    seen += [json.dumps(status), busy_lab.run("incident", "status").stdout]
    seen += [requests.get(status["api"] + path, timeout=10).text for path in ("/task", "/")]
    before = busy_lab.run("incident", "report")
    seen += [before.stdout, before.stderr, busy_lab.run("incident", "act", "restart", "backend").stderr]
    seen += [IncidentFiles(StateDirectory(busy_lab.state_dir)).folder.joinpath("status.json").read_text("utf-8")]
    assert before.returncode == 1
    assert "no report before the answer" in before.stderr
    assert status["phase"] == "running"

    answered = busy_lab.run("incident", "answer", "database/join-inventory")
    seen += [answered.stdout]
    report = told(busy_lab, "report")

    assert [spoilers(text) for text in seen] == [[]] * len(seen)
    assert answered.returncode == 0, answered.stderr
    assert report["score"] == 1
    [fault] = report["truth"]["faults"]
    assert fault["fault"] == "chatty-inventory"
    assert report["truth"]["healthy_at"] < fault["onset"] < report["truth"]["clock_started_at"]
    # It may still be being undone.
    assert fault["end"] is None or fault["end"] >= report["truth"]["clock_started_at"]
    assert fault["would_have_led_there"]
    assert busy_lab.run("incident", "answer", "none").returncode == 1
    assert told(busy_lab, "stop") in ({"stopped": True}, {"stopped": False})
    assert FlagFile(StateDirectory(busy_lab.state_dir).flag_file).switched_on() == {}


def test_where_nothing_is_wrong_an_alarm_is_worth_nothing(busy_lab: BootedLab) -> None:
    seed = seed_of("detect")
    begun(busy_lab, "--seed", str(seed), "--task", "detect")
    game = told(busy_lab, "status")
    assert requests.get(game["api"] + "/labels", timeout=10).json() == told(busy_lab, "labels")
    sent = requests.post(game["api"] + "/answer", json={"fault": True, "since": game["now"]}, timeout=10)
    assert sent.json()["recorded"] is True
    report = told(busy_lab, "report")
    assert report["score"] == 0
    assert report["truth"]["faults"] == []
    told(busy_lab, "stop")


def test_one_incident_is_worth_what_is_said_about_it(busy_lab: BootedLab) -> None:
    scenario = draw(seed_of("analyse", "pricing-rule"), "easy", "analyse", CATALOGUE, CHAIN)
    [fault] = scenario.faults
    right = Cause(fault.service, fault.component, fault.kind, fault.victims)
    wrong = Cause("database", "storage", "retry_storm", ("backend", "frontend"))
    scores = {}
    with ExitStack() as undo:
        lab = open_lab(StateDirectory(busy_lab.state_dir), busy_lab.state(), CHAIN, undo)
        with conducted(scenario, lab) as incident:
            onset = incident.truth.onset
            assert onset is not None
            for task in LOOKING:
                for name, answer in {
                    "right": Answer(True, onset + 3, (right,)),
                    "wrong": Answer(True, onset - 300, (wrong,)),
                    "none": Answer(fault=False),
                }.items():
                    game = Game(task, incident)
                    game.say(answer.as_json())
                    scores[task, name] = game.score().value
        assert incident.recovered
    assert [scores[task, "right"] for task in LOOKING] == [1, 1, 1]
    assert [scores[task, "none"] for task in LOOKING] == [0, 0, 0]
    assert scores["detect", "wrong"] == 0.7
    assert scores["locate", "wrong"] == scores["analyse", "wrong"] == 0


def test_a_repair_is_judged_by_the_indicators_and_has_its_price(busy_lab: BootedLab) -> None:
    seed = seed_of("repair", "pricing-rule")
    begun(busy_lab, "--seed", str(seed), "--task", "repair")
    seen = [
        busy_lab.run("incident", "act", "flush-cache").stdout,
        busy_lab.run("incident", "act", "rollback", "backend").stdout,
        busy_lab.run("incident", "status").stdout,
    ]
    assert "flush" not in busy_lab.run("incident", "act", "rebuild-index", "nothing").stdout
    answered = busy_lab.run("incident", "answer", "done")
    assert answered.returncode == 0, answered.stderr
    report = told(busy_lab, "report")
    assert [spoilers(text) for text in seen] == [[]] * len(seen)
    assert "requests that fail" in report["truth"]["harmed_indicators"]
    assert report["score"] == 0.85, report["reasons"]
    told(busy_lab, "stop")


def test_who_mends_nothing_gets_nothing(busy_lab: BootedLab) -> None:
    scenario = draw(seed_of("repair", "failing-segment"), "easy", "repair", CATALOGUE, CHAIN)
    with ExitStack() as undo:
        lab = open_lab(StateDirectory(busy_lab.state_dir), busy_lab.state(), CHAIN, undo)
        with conducted(scenario, lab) as incident:
            idle = Game("repair", incident)
            idle.say({})
            assert idle.score().value == 0


def test_an_incident_that_is_stopped_leaves_nothing_on(busy_lab: BootedLab) -> None:
    begun(busy_lab, "--seed", str(seed_of("detect", "busy-cpu")), "--task", "detect")
    refused = busy_lab.run("incident", "start", "--seed", "1")
    assert refused.returncode == 1
    assert "an incident runs already" in refused.stderr
    assert told(busy_lab, "stop") == {"stopped": True}
    assert FlagFile(StateDirectory(busy_lab.state_dir).flag_file).switched_on() == {}
