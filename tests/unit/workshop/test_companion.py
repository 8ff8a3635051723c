"""What a learner's lab tells, and that it is never left alone with a fault that nobody could switch off."""

import os
import threading
import time

import pytest

from lab.exercises.loader import EXERCISES as FOLDER
from lab.exercises.loader import read_exercise
from lab.exercises.progress import PROGRESS_FILE_VARIABLE, LearnerProgress, TaskProgress
from lab.faults.catalogue import read_catalogue
from lab.faults.flag_file import FlagFile
from lab.faults.switching import Switches
from lab.paths import StateDirectory
from lab.process_group import identify
from lab.run_state import ProcessState, RunState, supervisor_lock, write_run_state
from lab.workshop import companion
from lab.workshop.membership import Membership, MembershipFiles
from lab.workshop.reporting import LabHealth, exercises_report
from lab.workshop.secret import instructor_token
from workshop.messages import read_report

TWO = {
    exercise.name: exercise
    for exercise in (read_exercise(FOLDER / name) for name in ("01-what-a-counter-counts", "02-labels-make-series"))
}
FIRST, SECOND = TWO.values()
NOBODY_LISTENS = "http://127.0.0.1:1"


def test_progress_is_told_as_solved_exercises_points_and_where_somebody_is():
    progress = LearnerProgress()
    for task in FIRST.tasks:
        progress.begin(FIRST.name, 1.0).tasks[task.id] = TaskProgress(passed_at=2.0, points=3)
    progress.begin(SECOND.name, 3.0).tasks[SECOND.tasks[0].id] = TaskProgress(passed_at=4.0, points=2)

    assert exercises_report(TWO, progress) == {
        "solved": 1,
        "of": 2,
        "points": 3 * len(FIRST.tasks) + 2,
        "points_possible": FIRST.points + SECOND.points,
        "at": f"2. {SECOND.title}",
    }


def test_who_has_solved_the_last_one_is_at_none():
    progress = LearnerProgress()
    for task in FIRST.tasks:
        progress.begin(FIRST.name, 1.0).tasks[task.id] = TaskProgress(passed_at=2.0)

    assert exercises_report(TWO, progress)["at"] == ""


def lab_of(processes=()):
    return RunState("run", identify(os.getpid()), "embedded", ["chain"], 0, {}, time.time(), processes=list(processes))


def test_a_lab_is_told_to_be_down_or_which_of_its_processes_are_not_well(tmp_path):
    directory = StateDirectory(tmp_path)
    health = LabHealth(directory)
    assert health.report() == {"up": False, "healthy": 0, "of": 0, "problem": "no lab is running"}

    ill = ProcessState("database", "service", "chain", None, None, f"{NOBODY_LISTENS}/health", [], watched_only=True)
    well = ProcessState("frontend", "service", "chain", None, None, None, [], watched_only=True)
    with supervisor_lock(directory):
        write_run_state(directory, lab_of([ill, well]))
        assert health.report() == {"up": True, "healthy": 1, "of": 2, "problem": "database not well"}
    assert health.report()["up"] is False


def test_a_report_is_what_the_server_takes(tmp_path):
    report = {
        "lab": LabHealth(StateDirectory(tmp_path)).report(),
        "exercises": exercises_report(TWO, LearnerProgress()),
    }

    assert read_report({**report, "on": [], "answers": []}).problem == "no lab is running"


@pytest.fixture
def lonely(tmp_path, monkeypatch):
    """A lab with a fault of the instructor's, whose server never answers."""
    monkeypatch.setenv(PROGRESS_FILE_VARIABLE, str(tmp_path / "progress.json"))
    monkeypatch.setattr(companion, "_REPORT_SECONDS", 0.05)
    directory = StateDirectory(tmp_path / "lab")
    files = MembershipFiles(directory)
    files.write_membership(Membership(NOBODY_LISTENS, "ada", None, "ada", "a" * 32))
    Switches(directory, read_catalogue()).switch_on("missing-index")
    files.write_obeyed({"answers": {}, "set": {"missing-index": None}})
    return directory


def accompanied(directory):
    stop = threading.Event()
    thread = threading.Thread(target=companion.accompany, args=(directory, stop))
    thread.start()
    return stop, thread


def await_off(directory):
    deadline = time.monotonic() + 20
    while FlagFile(directory.flag_file).switched_on():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_server_that_is_away_for_long_leaves_nothing_on(lonely, monkeypatch):
    monkeypatch.setattr(companion, "_ALONE_AFTER_SECONDS", 0.0)
    stop, thread = accompanied(lonely)
    try:
        await_off(lonely)
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(20)


def test_who_is_told_to_stop_leaves_nothing_on(lonely):
    stop, thread = accompanied(lonely)
    stop.set()
    thread.join(20)

    assert FlagFile(lonely.flag_file).switched_on() == {}


def test_who_has_left_in_the_meantime_is_told_by_the_missing_file(lonely):
    MembershipFiles(lonely).forget_membership()
    _, thread = accompanied(lonely)
    thread.join(20)

    assert not thread.is_alive()


def test_the_instructors_secret_is_made_once_and_for_its_owner(tmp_path):
    secret = instructor_token(tmp_path)

    assert len(secret) >= 40
    assert instructor_token(tmp_path) == secret
    assert (tmp_path / "instructor.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["{", "[]", '{"token": ""}', '{"token": 7}'])
def test_a_secret_that_is_none_is_an_error_and_stays(tmp_path, content):
    (tmp_path / "instructor.json").write_text(content)

    with pytest.raises(ValueError, match="delete it"):
        instructor_token(tmp_path)
    assert (tmp_path / "instructor.json").read_text() == content
