"""The instructor's switches: who may turn them, who is told what is on, and what a wrong wish hears."""

import json

import pytest

from lab.faults.catalogue import read_catalogue
from lab.faults.flag_file import FlagFile
from lab.incidents.files import IncidentFiles
from lab.paths import StateDirectory
from tests.unit.workbench.asking import ask
from workbench.app import create_app
from workbench.pages import PAGES
from workbench.settings import read_settings

OURS = {"origin": "http://127.0.0.1:8000", "content-type": "application/json"}


@pytest.fixture
def directory(tmp_path):
    return StateDirectory(tmp_path)


@pytest.fixture
def app(directory):
    return create_app(read_settings({"WORKBENCH_STATE_DIR": str(directory.root)}))


def send(app, verb, wish, headers=OURS, peer="127.0.0.1"):
    return ask(app, "POST", f"/api/faults/{verb}", headers, json.dumps(wish).encode(), peer)


def test_a_fault_is_on_with_what_was_chosen_until_it_is_switched_off(app, directory):
    told = send(app, "switch-on", {"name": "lost-spans", "set": {"service": "frontend"}}).json()

    assert told["refusal"] is None
    assert told["on"]["lost-spans"]["parameters"]["service"] == "frontend"
    flag = read_catalogue()["lost-spans"].flag
    assert FlagFile(directory.flag_file).switched_on()[flag].values["service"] == "frontend"
    assert ask(app, "GET", "/api/faults/on").json() == told
    assert send(app, "switch-off", {"name": "lost-spans"}).json() == {"refusal": None, "on": {}}
    assert FlagFile(directory.flag_file).switched_on() == {}


def test_everything_is_switched_off_at_once(app):
    for name in ("lost-spans", "missing-index"):
        send(app, "switch-on", {"name": name})

    assert send(app, "clear", {}).json()["on"] == {}


@pytest.mark.parametrize(
    ("wish", "hears"),
    [
        ({"name": "nothing-like-it"}, "no fault"),
        ({}, "'name' is missing"),
        ({"name": "lost-spans", "set": {"share": "7"}}, "at most"),
        ({"name": "lost-spans", "set": {"colour": "red"}}, "no parameter"),
        ({"name": "lost-spans", "set": "all"}, "an object"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_with_a_reason_and_changes_nothing(app, directory, wish, hears):
    answer = send(app, "switch-on", wish)

    assert answer.status == 400
    assert hears in answer.json()["error"]
    assert not directory.flag_file.exists()


def test_during_an_incident_nobody_is_told_and_nobody_switches(app, directory):
    send(app, "switch-on", {"name": "missing-index"})
    with IncidentFiles(directory).held():
        told = ask(app, "GET", "/api/faults/on")
        assert "an incident runs" in told.json()["refusal"]
        assert told.json()["on"] == {}
        for verb, wish in (
            ("switch-on", {"name": "lost-spans"}),
            ("switch-off", {"name": "missing-index"}),
            ("clear", {}),
        ):
            answer = send(app, verb, wish)
            assert answer.status == 400
            assert "an incident runs" in answer.json()["error"]
            assert "missing-index" not in answer.body.decode()
    assert list(ask(app, "GET", "/api/faults/on").json()["on"]) == ["missing-index"]


def test_from_another_machine_the_catalogue_can_be_read_and_nothing_else(app, directory):
    there = "192.0.2.7"

    assert len(ask(app, "GET", "/api/faults", peer=there).json()["faults"]) == len(read_catalogue())
    assert ask(app, "GET", "/api/faults/on", peer=there).status == 403
    assert send(app, "switch-on", {"name": "missing-index"}, peer=there).status == 403
    assert not directory.flag_file.exists()


def test_another_page_of_the_same_browser_switches_nothing(app, directory):
    foreign = {"origin": "http://elsewhere.example", "content-type": "application/json"}

    assert send(app, "switch-on", {"name": "missing-index"}, headers=foreign).status == 403
    assert not directory.flag_file.exists()


def test_the_catalogue_says_nothing_about_this_lab_and_no_flag(app):
    before = ask(app, "GET", "/api/faults").body
    send(app, "switch-on", {"name": "missing-index"})

    assert ask(app, "GET", "/api/faults").body == before
    assert not [fault.flag for fault in read_catalogue().values() if f'"{fault.flag}"' in before.decode()]


def test_what_every_page_gets_names_no_fault(app):
    send(app, "switch-on", {"name": "missing-index"})

    for address in PAGES:
        text = ask(app, "GET", address.replace("{", "").replace("}", "")).body.decode()
        assert not [name for name in read_catalogue() if name in text]
    assert "missing-index" not in ask(app, "GET", "/api/lab").body.decode()


def test_apart_from_a_lab_the_page_says_where_the_switches_are():
    app = create_app(read_settings({}))

    assert "python3 lab fault" in ask(app, "GET", "/api/faults/on").json()["refusal"]
    assert "python3 lab fault" in send(app, "switch-on", {"name": "missing-index"}).json()["error"]


def test_what_shows_of_a_fault_is_told_only_of_one_that_is_on_and_where_it_can_be_switched(app, directory):
    evidence = "/api/faults/evidence/missing-index"

    assert ask(app, "GET", "/api/faults/evidence/nothing-like-it").status == 404
    assert ask(app, "GET", evidence).status == 409
    send(app, "switch-on", {"name": "missing-index"})
    assert ask(app, "GET", evidence, peer="192.0.2.7").status == 403
    with IncidentFiles(directory).held():
        assert "an incident runs" in ask(app, "GET", evidence).json()["error"]


def test_whether_all_is_as_before_is_asked_with_when_it_was_on_and_only_of_what_is_off(app):
    def recovery(query, name="missing-index", **more):
        return ask(app, "GET", f"/api/faults/recovery/{name}?{query}", **more)

    on_for_a_minute = "since=1700000000&until=1700000060"

    assert recovery(on_for_a_minute, "nothing-like-it").status == 404
    assert "two numbers" in recovery("since=1700000000").json()["error"]
    assert "'since' is before" in recovery("since=1700000060&until=1700000000").json()["error"]
    assert recovery(f"{on_for_a_minute}&set.table=stars").status == 400
    assert recovery(on_for_a_minute, peer="192.0.2.7").status == 403
    send(app, "switch-on", {"name": "missing-index"})
    assert recovery(on_for_a_minute).json()["error"] == "it is on"
