"""Exercises over the page's own routes: what is told, what is not, and that it is the command line's progress."""

import json
import shutil

import pytest

from lab.exercises.exercise import PARTS
from lab.exercises.loader import EXERCISES, read_exercises
from lab.exercises.personal import personalise
from lab.faults.flag_file import FlagFile
from lab.incidents.files import IncidentFiles
from lab.paths import StateDirectory
from tests.unit.workbench.asking import ask
from workbench.app import create_app
from workbench.settings import read_settings

OURS = {"origin": "http://127.0.0.1:8000", "content-type": "application/json"}
GAUGES = "03-a-gauge-is-a-level"
BAKERY = "40-what-the-bakery-counts"
SLOW_PAGE = "17-one-page-is-slow"


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_PROGRESS_FILE", str(tmp_path / "progress.json"))
    monkeypatch.setenv("LAB_LEARNER", "ada")
    monkeypatch.setenv("LAB_SERVICES_DIR", str(tmp_path / "services"))
    return StateDirectory(tmp_path / "state")


@pytest.fixture
def app(directory):
    return create_app(read_settings({"WORKBENCH_STATE_DIR": str(directory.root)}))


def send(app, verb, wish, headers=OURS, peer="127.0.0.1"):
    return ask(app, "POST", f"/api/exercises/{verb}", headers, json.dumps(wish).encode(), peer)


def shown(app, name=GAUGES):
    return ask(app, "GET", f"/api/exercises/{name}").json()


def letter_of(exercise, task, words):
    [told] = [one for one in exercise["tasks"] if one["id"] == task]
    return next(choice["letter"] for choice in told["choices"] if words in choice["text"])


def test_what_is_about_a_system_that_does_not_run_is_not_possible_here(directory):
    settings = read_settings({"WORKBENCH_STATE_DIR": str(directory.root), "WORKBENCH_SYSTEMS": "exchange"})
    told = ask(create_app(settings), "GET", "/api/exercises").json()["exercises"]

    of_services = {name for name, one in read_exercises().items() if one.service}
    assert all(one["here"] == (one["system"] == "exchange" or one["name"] in of_services) for one in told)
    assert {one["here"] for one in told} == {True, False}


def test_the_path_is_the_one_of_the_command_line(app):
    told = ask(app, "GET", "/api/exercises").json()

    assert told["learner"] == "ada"
    assert [one["name"] for one in told["exercises"]] == list(read_exercises())
    assert [part["number"] for part in told["parts"]] == [*PARTS]


def test_one_that_cannot_be_read_is_told_with_its_problem_and_leaves_the_others(app, tmp_path, monkeypatch):
    folder = tmp_path / "exercises"
    for name in (GAUGES, SLOW_PAGE):
        shutil.copytree(EXERCISES / name, folder / name)
    (folder / SLOW_PAGE / "exercise.yaml").write_text("title: One page\npart: [3\n")
    monkeypatch.setattr("lab.exercises.loader.EXERCISES", folder)

    told = ask(app, "GET", "/api/exercises").json()

    assert [one["name"] for one in told["exercises"]] == [GAUGES]
    [unreadable] = told["unreadable"]
    assert unreadable["name"] == SLOW_PAGE
    assert f"{SLOW_PAGE}/exercise.yaml" in unreadable["problem"]
    assert shown(app)["title"] == "A gauge is a level"
    answer = ask(app, "GET", f"/api/exercises/{SLOW_PAGE}")
    assert (answer.status, answer.json()["error"]) == (500, unreadable["problem"])


def test_an_answer_is_judged_and_the_points_are_kept(app):
    wrong = send(
        app, "check", {"exercise": GAUGES, "task": "which", "answer": letter_of(shown(app), "which", "_total")}
    )
    right = send(
        app, "check", {"exercise": GAUGES, "task": "which", "answer": letter_of(shown(app), "which", "active")}
    )

    assert wrong.json()["verdict"]["passed"] is False
    assert "only rises" in " ".join(wrong.json()["verdict"]["says"])
    assert right.json()["verdict"]["passed"] is True
    assert right.json()["points"] == 3
    [task, *_] = shown(app)["tasks"]
    assert (task["points"], task["attempts"]) == (3, 2)


def test_what_would_answer_a_task_stays_on_the_server(app):
    for name, exercise in read_exercises().items():
        told = shown(app, name)
        assert told["explanation"] is None
        for fault in exercise.needs.faults:
            assert fault.name not in json.dumps(told)
        for task, told_task in zip(personalise(exercise, "ada").tasks, told["tasks"], strict=True):
            assert (told_task["solution"], told_task["hint_texts"], told_task["answer"]) == (None, [], "")
            assert all(set(choice) == {"letter", "text"} for choice in told_task["choices"])
            secrets = [task.solution, *(choice.why for choice in task.choices), *(one.says for one in task.mistakes)]
            # A metric's bare name may be in the task's own words.
            secrets += [] if task.reference.isidentifier() else [task.reference]
            texts = [text for text in told_task.values() if isinstance(text, str)]
            assert not [secret for secret in secrets if secret and any(secret in text for text in texts)]


def test_a_hint_is_told_once_it_is_paid_for_and_can_be_read_again(app):
    before = next(task for task in shown(app)["tasks"] if task["id"] == "peak")
    send(app, "hint", {"exercise": GAUGES, "task": "peak"})
    after = next(task for task in shown(app)["tasks"] if task["id"] == "peak")

    assert (before["hint_texts"], before["hint_costs"]) == ([], [2, 2])
    assert len(after["hint_texts"]) == after["hints_read"] == 1


def test_the_solution_is_told_after_it_was_asked_for(app):
    told = send(app, "solution", {"exercise": GAUGES, "task": "peak"}).json()["exercise"]

    assert [task["solution"] is not None for task in told["tasks"]] == [False, False, True]


def test_begun_anew_nothing_is_left(app):
    send(app, "hint", {"exercise": GAUGES, "task": "peak"})
    told = send(app, "reset", {"exercise": GAUGES}).json()["exercise"]

    assert told["started"] is False
    assert [task["hints_read"] for task in told["tasks"]] == [0, 0, 0]


def test_starting_prepares_the_lab_and_says_nothing_about_how(app, directory):
    answer = send(app, "start", {"exercise": SLOW_PAGE})

    assert answer.json()["ready"] is True
    assert len(FlagFile(directory.flag_file).switched_on()) == 1
    assert "missing-index" not in answer.body.decode()
    early = send(app, "check", {"exercise": SLOW_PAGE, "task": "which", "answer": "users"})
    assert (early.status, early.json()["errorType"]) == (409, "not_now")
    assert "not enough to see yet" in early.json()["error"]


def test_an_exercise_that_needs_a_start_says_so(app):
    assert shown(app, SLOW_PAGE)["ready"] is False
    answer = send(app, "check", {"exercise": SLOW_PAGE, "task": "which", "answer": "users"})

    assert answer.status == 409
    assert "not prepared" in answer.json()["error"]


def test_during_an_incident_no_exercise_is_started(app, directory):
    with IncidentFiles(directory).held():
        answer = send(app, "start", {"exercise": GAUGES})

    assert answer.status == 409
    assert "an incident runs" in answer.json()["error"]


@pytest.mark.parametrize(
    ("verb", "wish", "status", "hears"),
    [
        ("check", {"exercise": "99", "task": "which", "answer": "a"}, 404, "no exercise"),
        ("check", {"exercise": GAUGES, "task": "none", "answer": "a"}, 404, "no task"),
        ("check", {"exercise": GAUGES, "task": "which", "answer": " "}, 400, "'answer' is missing"),
        ("hint", {"exercise": GAUGES}, 400, "'task' is missing"),
        ("start", {"exercise": 3}, 400, "'exercise' is missing"),
    ],
)
def test_a_wish_that_makes_no_sense_hears_why(app, verb, wish, status, hears):
    answer = send(app, verb, wish)

    assert answer.status == status
    assert hears in answer.json()["error"]


def test_from_another_machine_exercises_can_only_be_read(app):
    assert ask(app, "GET", f"/api/exercises/{GAUGES}", peer="192.0.2.7").status == 200
    assert send(app, "hint", {"exercise": GAUGES, "task": "peak"}, peer="192.0.2.7").status == 403
    assert shown(app)["started"] is False


def test_an_answer_that_no_api_can_confirm_is_not_judged(tmp_path, directory):
    nobody = {f"WORKBENCH_{name}_URL": "http://127.0.0.1:9" for name in ("PROMETHEUS", "LOKI", "TEMPO")}
    app = create_app(read_settings({"WORKBENCH_STATE_DIR": str(directory.root), **nobody}))
    answer = send(app, "check", {"exercise": GAUGES, "task": "peak", "answer": "up"})

    assert (answer.status, answer.json()["errorType"]) == (502, "unreachable")
    assert shown(app)["tasks"][2]["attempts"] == 0


def test_a_service_is_put_into_a_folder_of_the_learners_and_no_other_can_be_named(app, tmp_path):
    folder = tmp_path / "services" / "ada" / BAKERY
    wish = {"exercise": BAKERY, "task": "orders", "answer": str(tmp_path / "theirs")}

    assert shown(app, BAKERY)["folder"] == str(folder)
    assert shown(app, BAKERY)["ready"] is False
    assert send(app, "check", wish).json()["errorType"] == "not_now"
    assert send(app, "start", {"exercise": BAKERY}).json()["ready"] is True
    (folder / "app.py").write_text("def app(:\n")
    [said] = send(app, "check", wish).json()["verdict"]["says"]
    assert "SyntaxError" in said


def test_a_service_is_run_for_our_own_page_alone(app, tmp_path):
    send(app, "start", {"exercise": BAKERY})
    wish = {"exercise": BAKERY, "task": "orders", "answer": "-"}

    assert send(app, "check", wish, peer="192.168.1.7").status == 403
    assert send(app, "check", wish, headers={**OURS, "origin": "http://evil.example"}).status == 403
    assert shown(app, BAKERY)["tasks"][0]["attempts"] == 0
