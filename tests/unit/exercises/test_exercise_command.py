"""`lab exercise` without a lab: what can be looked at, and how it says what is missing."""

import json

import pytest
from click.testing import CliRunner

from lab.commands.exercise import command


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_PROGRESS_FILE", str(tmp_path / "progress.json"))
    monkeypatch.setenv("LAB_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("LAB_SERVICES_DIR", str(tmp_path / "services"))
    monkeypatch.setenv("LAB_LEARNER", "ada")

    def run(*arguments, **options):
        return CliRunner().invoke(command, arguments, **options)

    return run


def as_json(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_path_is_listed_in_parts(run):
    shown = run("list").stdout

    assert "1. Reading each signal" in shown
    assert "What a counter counts" in shown
    assert "Learner: ada" in shown
    listed = as_json(run("list", "--json"))
    assert listed["learner"] == "ada"
    assert listed["exercises"][0]["name"] == "01-what-a-counter-counts"


def test_one_that_cannot_be_read_is_listed_with_its_problem_and_leaves_the_others(run, half_written, monkeypatch):
    monkeypatch.setattr("lab.commands.exercise.EXERCISES", half_written)

    listed = run("list")
    assert listed.exit_code == 0
    assert "What a counter counts" in listed.stdout
    assert "02-labels-make-series cannot be read: " in listed.stdout
    [problem] = as_json(run("list", "--json"))["unreadable"]
    assert problem["name"] == "02-labels-make-series"
    assert run("show", "1").exit_code == 0
    for said in ("2", "02-labels-make-series"):
        shown = run("show", said)
        assert shown.exit_code == 2
        assert "02-labels-make-series/exercise.yaml" in shown.stderr


def test_an_exercise_is_shown_without_a_lab(run):
    assert "http://127.0.0.1:8000/explore" in run("show", "1").stdout
    shown = as_json(run("show", "1", "--json"))
    assert [task["id"] for task in shown["tasks"]] == ["raw", "rate", "restart"]
    assert len(shown["tasks"][2]["choices"]) == 3


def test_programs_are_told_no_more_than_learners(run):
    text = run("show", "1", "--json").stdout

    assert "reference" not in text
    assert "mistakes" not in text
    assert as_json(run("show", "1", "--json"))["explanation"] is None


def test_each_learner_has_values_and_progress_of_their_own(run):
    stories = {as_json(run("show", "9", "--json", "--learner", f"{n}"))["tasks"][0]["asks"] for n in range(10)}

    assert len(stories) > 5


@pytest.mark.parametrize(("arguments"), [("start", "1"), ("check", "1", "x")])
def test_without_a_lab_it_says_how_to_start_one(run, arguments):
    result = run(*arguments)

    assert result.exit_code == 1
    assert "python3 lab up --detach --rps 8" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show",), "no exercise has been started; begin with: python3 lab exercise start 1"),
        (("show", "99"), "'99' is no exercise; there are: 01-what-a-counter-counts"),
        (("check",), "expected an answer"),
        (("check", "1", "a", "b"), "expected an answer"),
        (("check", "1", " "), "the answer is empty"),
        (("hint", "1", "--task", "none"), "has no task 'none'; there are: raw, rate, restart"),
        (("reset", "1", "--all"), "either an exercise, or --all"),
    ],
)
def test_wrong_usage_is_answered_with_what_is_right(run, arguments, said):
    result = run(*arguments)

    assert result.exit_code == 2
    assert said in result.output


def test_hints_and_the_solution_need_no_lab(run):
    assert as_json(run("hint", "1", "--json"))["costs"] == 1
    assert as_json(run("hint", "--json"))["new"] is False
    assert "costs nothing" in run("hint").stdout
    assert "selects all its series" in run("solution").stdout


def test_a_reset_forgets(run):
    run("hint", "1")

    assert run("reset", "1").stdout == "Forgotten: What a counter counts.\n"
    assert as_json(run("hint", "1", "--json"))["new"] is True


def test_a_broken_progress_file_is_reported(run, tmp_path):
    (tmp_path / "progress.json").write_text("{")

    result = run("list")

    assert result.exit_code == 1
    assert "is not what the lab has written" in result.output


def test_a_service_is_put_into_a_folder_and_judged_without_a_lab(run, tmp_path):
    started = run("start", "40")
    file = tmp_path / "services" / "ada" / "40-what-the-bakery-counts" / "app.py"

    assert started.exit_code == 0
    assert str(file) in started.stdout.replace("\n", "")
    file.write_text("def app(:\n")
    checked = run("check", "--json")
    assert checked.exit_code == 1
    [said] = json.loads(checked.stdout)["says"]
    assert "SyntaxError" in said
    assert "in line 1 of app.py" in said


def test_a_reset_keeps_what_was_written(run, tmp_path):
    run("start", "40")
    shown = run("reset").stdout

    kept = tmp_path / "services" / "ada" / "40-what-the-bakery-counts.before-1"
    assert shown == f"Forgotten: What the bakery counts.\nWhat you have made is kept in {kept}.\n"
    assert (kept / "app.py").is_file()
    assert as_json(run("reset", "40", "--json"))["kept"] == []


def test_a_service_that_does_not_start_cannot_be_run(run, tmp_path, capfd):
    run("start", "40")
    (tmp_path / "services" / "ada" / "40-what-the-bakery-counts" / "app.py").write_text("app = Bakery()\n")

    result = run("run")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "NameError: name 'Bakery' is not defined" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("check", "40", "an answer"), 2, "task orders takes no answer: your folder is looked at, as it is"),
        (("check",), 1, "put it there with: python3 lab exercise start 40-what-the-bakery-counts"),
        (("check", "41"), 1, "put it there with: python3 lab exercise start 41-a-span-of-your-own"),
        (("check", "something"), 2, "task orders takes no answer"),
        (("run", "1"), 2, "01-what-a-counter-counts has no service to be run"),
        (("run", "40"), 1, "put it there with"),
    ],
)
def test_what_is_no_answer_to_a_service_is_told(run, arguments, code, said):
    run("hint", "40")

    result = run(*arguments)

    assert (result.exit_code, said in result.output) == (code, True), result.output
