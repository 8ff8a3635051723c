"""What a player can do, in Python and over HTTP: all of it told, and nothing of the truth."""

from __future__ import annotations

import json
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from lab.faults.catalogue import KINDS, Catalogue
from lab.incidents.acting import ActionRefused
from lab.incidents.answers import AnswerError
from lab.incidents.conduct import MOST_ACTIONS, RunningIncident, TooManyActions
from lab.incidents.game import AnsweredAlready, Game
from lab.incidents.http_api import served
from lab.incidents.scenario import TASKS, Task, draw
from tests.unit.incidents.fakes import WritesDown, incident_of
from tests.unit.incidents.systems import CHAIN


def incident_with(name: str, task: Task, catalogue: Catalogue, folder: Path) -> RunningIncident:
    scenarios = (draw(seed, "easy", task, catalogue, CHAIN) for seed in range(1, 200))
    return incident_of(next(one for one in scenarios if [f.name for f in one.faults] == [name]), catalogue, folder)


JSON = {"Content-Type": "application/json"}


@pytest.fixture
def repair(catalogue: Catalogue, tmp_path: Path) -> Game:
    return Game("repair", incident_with("pricing-rule", "repair", catalogue, tmp_path))


@pytest.fixture
def locate(catalogue: Catalogue, tmp_path: Path) -> Game:
    return Game("locate", incident_with("chatty-inventory", "locate", catalogue, tmp_path))


@pytest.fixture
def address(locate: Game) -> Iterator[str]:
    with served(locate) as address:
        yield address


def spoilers(text: str, catalogue: Catalogue) -> list[str]:
    names = {*catalogue, *KINDS, *(fault.flag for fault in catalogue.values())}
    return [name for name in sorted(names) if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


@pytest.mark.parametrize("task", TASKS)
def test_what_a_player_reads_is_the_same_for_every_truth(task: Task, catalogue: Catalogue, tmp_path: Path) -> None:
    read = set()
    for seed in range(1, 60):
        game = Game(task, incident_of(draw(seed, "hard", task, catalogue, CHAIN), catalogue, tmp_path))
        told = game.as_json()
        assert spoilers(json.dumps(told), catalogue) == []
        read.add(json.dumps({name: value for name, value in told.items() if not isinstance(value, float)}))
        read.add(json.dumps(game.labels.as_json()))
    assert len(read) == 2


def test_the_right_answer_is_worth_all(locate: Game) -> None:
    assert locate.say({"fault": True, "causes": [{"service": "database", "component": "join-inventory"}]})["recorded"]
    assert locate.score().value == 1


def test_words_of_a_terminal_are_understood(locate: Game) -> None:
    locate.say({"words": ["database/join-inventory"], "since": None})
    assert locate.score().value == 1


def test_there_is_one_answer(locate: Game) -> None:
    locate.say({"fault": False})
    with pytest.raises(AnsweredAlready):
        locate.say({"fault": True})
    assert locate.score().value == 0


def test_an_answer_that_is_not_understood_does_not_count(locate: Game) -> None:
    with pytest.raises(AnswerError):
        locate.say({"fault": True, "causes": [{"service": "nowhere"}]})
    locate.say({"fault": True, "causes": [{"service": "database"}]})


def test_who_only_looks_may_not_act(locate: Game) -> None:
    with pytest.raises(ActionRefused, match="only to be looked at"):
        locate.act({"action": "restart", "target": "backend"})


def test_the_action_that_mends_ends_the_fault_and_does_not_say_so(repair: Game) -> None:
    useless = repair.act({"action": "restart", "target": "database"})
    assert repair.incident.placed[0].end is None
    useful = repair.act({"action": "rollback", "target": "backend"})
    assert repair.incident.placed[0].end is not None
    assert set(useless) == set(useful) == {"at", "action", "target", "said"}
    assert [action.mended for action in repair.incident.actions] == [(), ("pricing-rule",)]
    operator = repair.incident.operator
    assert isinstance(operator, WritesDown)
    assert operator.done == [("restart", "database"), ("rollback", "backend")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"action": "pray"}, "there is no action 'pray'; there are restart, rollback"),
        ({"action": "restart"}, "restart needs a target: frontend, backend, database"),
        ({"action": "restart", "target": "visitors"}, "restart cannot be done to 'visitors'"),
        ({"action": "flush-cache", "target": "backend"}, "flush-cache needs no target"),
        ({"action": "rebuild-index", "target": "tyres"}, "it can to inventory"),
        ({"action": "block-client"}, "needs a target: user agent"),
        ({"action": ["restart"]}, "expected an object"),
        ([], "expected an object"),
    ],
)
def test_an_action_that_cannot_be_done_is_not_done(content: object, problem: str, repair: Game) -> None:
    with pytest.raises(ActionRefused, match=problem):
        repair.act(content)
    assert repair.incident.actions == []


def test_there_is_an_end_to_trying(repair: Game) -> None:
    for _ in range(MOST_ACTIONS):
        repair.act({"action": "restart", "target": "frontend"})
    with pytest.raises(TooManyActions):
        repair.act({"action": "rollback", "target": "backend"})


def test_over_http_it_is_the_same(address: str, locate: Game) -> None:
    assert requests.get(address + "/task", timeout=5).json()["question"] == locate.as_json()["question"]
    assert requests.get(address + "/labels", timeout=5).json() == locate.labels.as_json()
    refused = requests.post(address + "/answer", json={"fault": "perhaps"}, timeout=5)
    assert (refused.status_code, refused.json()) == (400, {"error": "fault must be true or false"})
    assert requests.post(address + "/answer", json={"fault": False}, timeout=5).status_code == 200
    assert requests.post(address + "/answer", json={"fault": False}, timeout=5).status_code == 409


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, "{}", 415),
        ({}, "", 415),
        (JSON, "{", 400),
        (JSON, "[" * 60_000, 400),
        (JSON, "[" * 70_000, 413),
        (JSON, b"\xff\xfe{", 400),
        (JSON, '{"words": 5, "since": null}', 400),
        (JSON, '{"words": [5], "since": 4}', 400),
        (JSON, '{"words": ["yes"], "since": {}}', 400),
        (JSON, '{"fault": true, "since": 1' + "0" * 400 + "}", 400),
    ],
)
def test_what_is_not_a_json_request_is_refused(
    headers: dict[str, str], body: str | bytes, status: int, address: str, locate: Game
) -> None:
    answer = requests.post(address + "/answer", data=body, headers=headers, timeout=5)
    assert answer.status_code == status
    assert "error" in answer.json()
    assert not locate.answered.is_set()


@pytest.mark.parametrize("length", ["", "-5", "five", "\u00b2", "9" * 30])
def test_a_length_that_is_none_is_refused(length: str, address: str) -> None:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        head = f"POST /answer HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        client.sendall(head.encode("latin-1"))
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_what_the_server_refuses_by_itself_is_json_as_well(address: str) -> None:
    refused = requests.delete(address + "/answer", timeout=5)
    assert (refused.status_code, refused.json()) == (501, {"error": "Unsupported method ('DELETE')"})


def test_who_does_not_wait_for_the_answer_leaves_no_trace(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as impatient:
        impatient.sendall(b"POST /answer HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
        # Closed with a reset.
        impatient.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert requests.get(address + "/task", timeout=5).ok
    assert capfd.readouterr().err == ""


def test_there_is_nothing_else_to_ask(address: str, catalogue: Catalogue) -> None:
    for path in ("/", "/truth", "/report", "/task/../truth.json"):
        answer = requests.get(address + path, timeout=5)
        assert answer.status_code == 404
        assert spoilers(answer.text, catalogue) == []
