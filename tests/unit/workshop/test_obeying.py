"""A learner's lab does what the instructor wants, once, and not while it would spoil an incident or an exercise."""

import os
import time
from dataclasses import replace
from itertools import count

import pytest

from lab.exercises.loader import EXERCISES as FOLDER
from lab.exercises.loader import read_exercise
from lab.exercises.needed_faults import prepare
from lab.exercises.progress import ProgressStore
from lab.faults.catalogue import read_catalogue
from lab.faults.flag_file import FlagFile
from lab.faults.switching import Switches
from lab.incidents.files import IncidentFiles
from lab.paths import StateDirectory
from lab.process_group import identify
from lab.run_state import RunState, supervisor_lock, write_run_state
from lab.workshop.membership import MembershipFiles
from lab.workshop.obeying import LabOfLearner, Obedience

CATALOGUE = read_catalogue()
#: One that any lab is good for, and one that needs a fault.
PLAIN, NEEDS_A_FAULT = (read_exercise(FOLDER / name) for name in ("01-what-a-counter-counts", "17-one-page-is-slow"))
EXERCISES = {exercise.name: exercise for exercise in (PLAIN, NEEDS_A_FAULT)}
NUMBERS = count(1)


@pytest.fixture
def state_dir(tmp_path):
    """Of a lab that runs, as far as anybody can tell."""
    directory = StateDirectory(tmp_path / "lab")
    with supervisor_lock(directory):
        write_run_state(directory, RunState("run", identify(os.getpid()), "embedded", ["chain"], 0, {}, time.time()))
        yield directory


@pytest.fixture
def store(tmp_path):
    return ProgressStore(tmp_path / "progress.json")


@pytest.fixture
def begin(state_dir, store):
    """Also after a restart: what was kept in the files counts."""
    return lambda: Obedience(LabOfLearner(state_dir, CATALOGUE, EXERCISES, store, "ada"), MembershipFiles(state_dir))


@pytest.fixture
def obedience(begin):
    return begin()


def order(do, fault=None, **settings):
    return {"id": next(NUMBERS), "do": do, "fault": fault, "set": settings}


def answer_to(obedience, *said, **settings):
    told = obedience.obey(order(*said, **settings))
    return told["state"], told["says"]


def on(state_dir):
    flags = FlagFile(state_dir.flag_file).switched_on()
    return {name for name, fault in CATALOGUE.items() if fault.flag in flags}


def test_a_fault_goes_on_with_its_parameters_and_off(obedience, state_dir):
    assert answer_to(obedience, "on", "lost-spans", service="frontend") == ("done", "")
    flag = FlagFile(state_dir.flag_file).switched_on()[CATALOGUE["lost-spans"].flag]
    assert flag.values["service"] == "frontend"
    assert obedience.still_on() == ["lost-spans"]

    assert answer_to(obedience, "off", "lost-spans") == ("done", "")
    assert on(state_dir) == set()


def test_an_order_is_done_once_also_by_who_was_started_anew(obedience, begin, state_dir):
    switch_on = order("on", "missing-index")
    obedience.obey(switch_on)
    Switches(state_dir, CATALOGUE).switch_off("missing-index")

    assert begin().obey(switch_on)["state"] == "done"
    assert on(state_dir) == set()


def test_mending_everything_leaves_what_the_learner_has_switched_on(obedience, state_dir):
    Switches(state_dir, CATALOGUE).switch_on("cache-outage")
    answer_to(obedience, "on", "missing-index")

    assert answer_to(obedience, "clear") == ("done", "")
    assert on(state_dir) == {"cache-outage"}


def test_what_the_instructor_set_is_undone_at_the_end_also_by_the_next_process(obedience, begin, state_dir):
    Switches(state_dir, CATALOGUE).switch_on("cache-outage")
    answer_to(obedience, "on", "missing-index")

    begin().undo()

    assert on(state_dir) == {"cache-outage"}
    assert begin().still_on() == []


def test_what_somebody_else_has_switched_on_anew_is_theirs(obedience, state_dir):
    answer_to(obedience, "on", "missing-index")
    Switches(state_dir, CATALOGUE).switch_off("missing-index")
    Switches(state_dir, CATALOGUE).switch_on("missing-index")

    assert obedience.still_on() == []
    obedience.undo()
    assert on(state_dir) == {"missing-index"}


def test_during_an_incident_everything_is_refused(obedience, state_dir):
    with IncidentFiles(state_dir).held():
        for said in (("on", "missing-index"), ("off", "missing-index"), ("reset",)):
            state, says = answer_to(obedience, *said)
            assert (state, "an incident runs" in says) == ("refused", True)
    assert on(state_dir) == set()


def work_on_one_that_needs_a_fault(state_dir, store):
    prepare(state_dir, NEEDS_A_FAULT.needs.faults)
    with store.changing("ada") as progress:
        progress.begin(NEEDS_A_FAULT.name, time.time())


def test_while_an_exercise_has_prepared_the_lab_another_fault_is_refused(obedience, state_dir, store):
    work_on_one_that_needs_a_fault(state_dir, store)
    before = on(state_dir)
    other = next(name for name in CATALOGUE if name not in before)

    for said in (("on", other), ("off", next(iter(before)))):
        state, says = answer_to(obedience, *said)
        assert (state, f"exercise {NEEDS_A_FAULT.number} is being worked on" in says) == ("refused", True)
    assert on(state_dir) == before


def test_an_exercise_that_is_solved_or_not_prepared_is_in_nobodys_way(obedience, state_dir, store):
    work_on_one_that_needs_a_fault(state_dir, store)
    Switches(state_dir, CATALOGUE).clear()
    assert answer_to(obedience, "on", "missing-index") == ("done", "")
    assert answer_to(obedience, "on", "cache-outage") == ("done", "")

    answer_to(obedience, "clear")
    prepare(state_dir, NEEDS_A_FAULT.needs.faults)
    with store.changing("ada") as progress:
        for task in NEEDS_A_FAULT.tasks:
            progress.begin(NEEDS_A_FAULT.name, time.time()).task(task.id).passed_at = time.time()
    assert answer_to(obedience, "on", "lost-spans") == ("done", "")


def test_a_reset_switches_everything_off_and_forgets_this_learners_progress_only(obedience, state_dir, store):
    Switches(state_dir, CATALOGUE).switch_on("cache-outage")
    answer_to(obedience, "on", "missing-index")
    for learner in ("ada", "grace"):
        with store.changing(learner) as progress:
            progress.begin(PLAIN.name, time.time())

    assert answer_to(obedience, "reset") == ("done", "")

    assert on(state_dir) == set()
    assert store.read("ada").exercises == {}
    assert store.read("grace").exercises != {}


@pytest.mark.parametrize(
    ("said", "settings", "state", "says"),
    [
        (("on", "nothing-like-it"), {}, "failed", "no fault"),
        (("on", "lost-spans"), {"share": "7"}, "failed", "at most"),
        (("explode",), {}, "failed", "another version"),
    ],
)
def test_what_cannot_be_done_is_answered_with_a_reason(obedience, state_dir, said, settings, state, says):
    told = answer_to(obedience, *said, **settings)

    assert told[0] == state
    assert says in told[1]
    assert on(state_dir) == set()


def test_without_a_lab_nothing_goes_on(store, tmp_path):
    state_dir = StateDirectory(tmp_path / "none")
    lab = LabOfLearner(state_dir, CATALOGUE, EXERCISES, store, "ada")

    assert answer_to(Obedience(lab, MembershipFiles(state_dir)), "on", "missing-index") == (
        "refused",
        "no lab is running there",
    )


def test_a_fault_of_another_system_is_refused(obedience, state_dir):
    foreign = replace(CATALOGUE["missing-index"], system="elsewhere")
    lab = replace(obedience.lab, catalogue=replace(CATALOGUE, faults={"missing-index": foreign}))

    state, says = answer_to(Obedience(lab, obedience.files), "on", "missing-index")
    assert (state, says) == ("refused", "its lab runs without elsewhere")


def test_what_is_no_order_is_left_alone(obedience):
    assert obedience.obey("on") is None
    assert obedience.obey({"do": "on"}) is None
