"""How long a lab has been well is known from when something was switched last."""

import json
import os
import time
from dataclasses import replace

import pytest

from lab.exercises import well_times
from lab.exercises.exercise import NeededFault, Needs
from lab.exercises.needed_faults import onset, prepare
from lab.exercises.preparation import NotNow, prepare_lab, require_prepared, times_of
from lab.faults.flag_file import FlagFile
from lab.paths import StateDirectory
from tests.unit.exercises.conftest import query_task

INDEX = NeededFault("missing-index")


@pytest.fixture
def state_dir(tmp_path):
    return StateDirectory(tmp_path)


def lab_since(state_dir, seconds):
    state = {
        "run_id": "run",
        "supervisor": {"pid": 1, "create_time": 0.0},
        "stack": "embedded",
        "systems": ["chain"],
        "port_offset": 0,
        "backends": {},
        "started_at": time.time() - seconds,
        "phase": "running",
        "message": None,
        "notes": [],
        "processes": [],
    }
    state_dir.run_file.write_text(json.dumps(state))


def switched_off(state_dir, seconds_ago):
    FlagFile(state_dir.flag_file).clear()
    moment = time.time() - seconds_ago
    os.utime(state_dir.flag_file, (moment, moment))


def length(stretch):
    return round(stretch.end - stretch.start)


def test_a_lab_is_well_from_a_minute_after_its_start(state_dir):
    lab_since(state_dir, 200)

    assert length(well_times.well_time(state_dir, 2)) == 120
    assert well_times.well_time(state_dir, 3) is None
    assert 35 < well_times.seconds_until_well(state_dir, 3) <= 41
    assert well_times.seconds_until_well(state_dir, 2) == 0


def test_a_lab_that_has_just_started_has_all_of_it_before_it(state_dir):
    lab_since(state_dir, 0)

    assert 145 < well_times.seconds_until_well(state_dir, 1.5) <= 151


def test_it_is_well_from_a_minute_after_the_last_thing_was_switched_off(state_dir):
    lab_since(state_dir, 1000)
    switched_off(state_dir, 100)

    assert well_times.well_time(state_dir, 1) is None
    assert 15 < well_times.seconds_until_well(state_dir, 1) <= 21


def test_while_something_is_on_it_is_not_well(state_dir):
    lab_since(state_dir, 1000)
    FlagFile(state_dir.flag_file).switch_on("some-flag", {"a": 1})

    assert well_times.well_time(state_dir, 1) is None


def test_without_a_lab_nothing_is_known(state_dir):
    assert well_times.well_time(state_dir, 1) is None
    well_times.remember(state_dir)
    assert list(state_dir.root.iterdir()) == []


def test_the_time_before_something_was_switched_on_is_remembered(state_dir):
    lab_since(state_dir, 400)
    prepare(state_dir, [INDEX])

    before = well_times.well_time(state_dir, 2)
    assert length(before) == 120
    assert abs(before.end - onset(state_dir, [INDEX])) < 5
    # And the next one needs no other.
    prepare(state_dir, [NeededFault("pricing-rule")])
    assert well_times.well_time(state_dir, 2) == before


def test_what_another_run_of_the_lab_was_is_forgotten(state_dir):
    lab_since(state_dir, 400)
    prepare(state_dir, [INDEX])
    lab_since(state_dir, 5)

    assert well_times.well_time(state_dir, 2) is None


def test_a_damaged_note_is_as_good_as_none(state_dir):
    lab_since(state_dir, 400)
    prepare(state_dir, [INDEX])
    (state_dir.root / "well-time.json").write_text("[]")

    assert well_times.well_time(state_dir, 2) is None


@pytest.fixture
def alert_exercise(exercise):
    needs = Needs(healthy_minutes=1.5, faults=(INDEX,))
    return replace(exercise, needs=needs, tasks=(query_task(kind="alert_rule"),))


def test_an_exercise_with_an_alert_waits_until_the_lab_was_well(state_dir, alert_exercise):
    lab_since(state_dir, 100)

    with pytest.raises(NotNow, match=r"start it again in \d+ s"):
        prepare_lab(alert_exercise, state_dir)

    assert onset(state_dir, [INDEX]) is None
    assert times_of(alert_exercise, state_dir) is None


def test_what_another_exercise_has_changed_is_undone_before_the_waiting(state_dir, alert_exercise):
    lab_since(state_dir, 20)
    prepare(state_dir, [NeededFault("pricing-rule")])

    with pytest.raises(NotNow, match=r"start it again in 15[01] s"):
        prepare_lab(alert_exercise, state_dir)

    assert FlagFile(state_dir.flag_file).switched_on() == {}


def test_then_something_goes_wrong_and_both_times_are_known(state_dir, alert_exercise):
    lab_since(state_dir, 300)

    prepare_lab(alert_exercise, state_dir)

    times = times_of(alert_exercise, state_dir)
    assert length(times.well) == 90
    assert times.well.end <= times.onset
    assert time.time() - times.onset < 5


def test_when_the_good_time_is_forgotten_the_exercise_begins_anew(state_dir, alert_exercise):
    lab_since(state_dir, 300)
    prepare_lab(alert_exercise, state_dir)
    (state_dir.root / "well-time.json").unlink()

    with pytest.raises(NotNow, match="start it"):
        require_prepared(alert_exercise, state_dir)


def test_all_that_is_needed_has_to_be_on(state_dir):
    prices = NeededFault("pricing-rule")
    prepare(state_dir, [INDEX])

    assert onset(state_dir, [INDEX, prices]) is None
    assert onset(state_dir, []) is None
