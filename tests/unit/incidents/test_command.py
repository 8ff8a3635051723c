"""`lab incident` where there is no lab: what it says, and with which exit code."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lab.commands.fault import command as fault_command
from lab.commands.incident import command
from lab.faults.flag_file import FlagFile
from lab.incidents.files import IncidentFiles, refusal
from lab.paths import StateDirectory


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--state-dir", str(folder)])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["start", "--seed", "1"], "no lab is running"),
        (["answer", "none"], "no incident runs"),
        (["act", "restart", "backend"], "no incident runs"),
        (["report"], "there was no incident here"),
        (["bench", "--seeds", "1..2"], "no lab is running"),
        (["record", "somewhere"], "no lab is running"),
        (["export", "somewhere", "--seeds", "1"], "no lab is running"),
    ],
)
def test_without_a_lab_each_says_what_to_do(arguments: list[str], problem: str, tmp_path: Path) -> None:
    result = run(tmp_path, *arguments)
    assert result.exit_code == 1
    assert problem in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["start"],
        ["start", "--seed", "0"],
        ["start", "--seed", "one"],
        ["start", "--seed", "1", "--level", "cruel"],
        ["start", "--seed", "1", "--task", "guess"],
        ["bench", "--seeds", "5..1"],
        ["bench", "--seeds", "some"],
        ["bench", "--seeds", "0..3"],
        ["bench", "--seeds", "1", "--player", "agent"],
        ["bench", "--seeds", "1", "--player", "nobody"],
        ["replay", "/nowhere"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], tmp_path: Path) -> None:
    assert run(tmp_path, *arguments).exit_code == 2


def test_no_incident_is_a_status(tmp_path: Path) -> None:
    assert json.loads(run(tmp_path, "status", "--json").output) == {"phase": "none"}
    assert "There is no incident" in run(tmp_path, "status").output


def test_stopping_nothing_is_fine(tmp_path: Path) -> None:
    assert json.loads(run(tmp_path, "stop", "--json").output) == {"stopped": False}


def test_labels_are_there_without_a_lab(tmp_path: Path) -> None:
    labels = json.loads(run(tmp_path, "labels", "--json").output)
    assert labels["services"] == ["frontend", "backend", "database", "visitors"]
    assert labels["actions"]["restart"]["target"] == ["frontend", "backend", "database"]
    for name in (*labels["components"], *labels["kinds"], *labels["actions"]):
        assert name in run(tmp_path, "labels").output


def test_what_an_incident_that_died_has_left_is_undone(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    flags = FlagFile(directory.flag_file)
    flags.switch_on("demand-plan", {"share": 0.8})
    files = IncidentFiles(directory)
    with files.held():
        files.write_status(
            {"phase": "running", "pid": 1, "pid_created_at": 0.0, "task": "detect", "level": "easy", "message": None}
        )
    assert "has died" in run(tmp_path, "status").output
    assert json.loads(run(tmp_path, "stop", "--json").output) == {"stopped": True}
    assert flags.switched_on() == {}


def test_the_truth_is_its_owners_alone(tmp_path: Path) -> None:
    files = IncidentFiles(StateDirectory(tmp_path))
    files.write_truth({"faults": []})
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((files.folder / "truth.json").stat().st_mode) == 0o600


def test_nobody_may_ask_what_is_on_while_an_incident_runs(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    assert refusal(directory) is None
    with IncidentFiles(directory).held():
        assert "for its player to find out" in str(refusal(directory))
    assert refusal(directory) is None


def test_meanwhile_a_fault_is_neither_on_nor_off(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    FlagFile(directory.flag_file).switch_on("inventory-index", {"table": "orders"})
    told = []
    for verb in (["list"], ["list", "--json"], ["show", "missing-index"], ["show", "missing-index", "--json"]):
        with IncidentFiles(directory).held():
            told.append(CliRunner().invoke(fault_command, [*verb, "--state-dir", str(tmp_path)]).output)

    as_table, as_json, shown, shown_as_json = told
    assert "missing-index       ?" in as_table
    assert "nobody is told what is on" in as_table
    assert {one["on"] for one in json.loads(as_json.partition("\n]")[0] + "]")} == {None}
    assert shown.startswith("missing-index: A table has lost its index (?)")
    assert (json.loads(shown_as_json)["on"], json.loads(shown_as_json)["chosen"]) == (None, None)
    assert "table=orders" not in as_table
    assert '"orders"' not in as_json
    listed = CliRunner().invoke(fault_command, ["list", "--state-dir", str(tmp_path)]).output
    assert "missing-index       on since" in listed


@pytest.mark.parametrize("phase", ["running", "failed"])
def test_what_came_to_nothing_has_no_report_and_says_so(phase: str, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    told = {"pid": 1, "pid_created_at": 0.0, "task": "detect", "level": "easy", "message": "its process died"}
    IncidentFiles(StateDirectory(tmp_path)).write_status({"phase": phase, **told})
    monkeypatch.setattr("lab.commands.incident.running_lab", lambda state_dir: None)

    assert "the last incident had no answer" in run(tmp_path, "report").output
    if phase == "running":
        assert "Undo what it left: python3 lab incident stop" in run(tmp_path, "start", "--seed", "1").output
        run(tmp_path, "stop")
    assert run(tmp_path, "status").output == "The last incident came to nothing: its process died\n"


@pytest.mark.parametrize("verb", [["bench", "--seeds", "1"], ["export", "folder", "--seeds", "1"]])
def test_meanwhile_nothing_else_says_that_something_is_on(
    verb: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = StateDirectory(tmp_path)
    monkeypatch.setattr("lab.commands.incident_many.running_lab", lambda state_dir: None)
    FlagFile(directory.flag_file).switch_on("inventory-index", {"table": "inventory"})
    with IncidentFiles(directory).held():
        result = run(tmp_path, *verb)
    assert (result.exit_code, result.output) == (
        1,
        "Error: an incident runs already: answer it, or end it with python3 lab incident stop\n",
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--agent", "/nowhere/agent"], "'/nowhere/agent' is no program that can be run"),
        (["--agent", "agent 'half"], "is no command: No closing quotation"),
        (["--agent", " "], "--agent needs a command"),
        (["--output", "/nowhere/scores.json"], "/nowhere/scores.json cannot be written: No such file or directory"),
    ],
)
def test_what_would_fail_in_the_end_is_said_before_the_first_incident(
    options: list[str], problem: str, tmp_path: Path
) -> None:
    result = run(tmp_path, "bench", "--seeds", "1..50", *options)
    assert result.exit_code == 2
    assert problem in result.output


def test_the_report_is_only_opened_after_the_answer(tmp_path: Path) -> None:
    files = IncidentFiles(StateDirectory(tmp_path))
    files.write_status(
        {"phase": "running", "pid": 1, "pid_created_at": 0.0, "task": "detect", "level": "easy", "message": None}
    )
    files.write_truth({"faults": [{"fault": "busy-cpu"}]})
    with files.held():
        result = run(tmp_path, "report")
    assert result.exit_code == 1
    assert "no report before the answer" in result.output
    assert "busy-cpu" not in result.output
