"""Every exercise for which something has to be wrong, in a lab of its own: most of its time is waiting for that."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.exercises.exercise import Exercise
from lab.exercises.loader import read_exercises
from lab.exercises.needed_faults import prepare, seconds_to_wait
from lab.exercises.personal import personalise
from lab.exercises.preparation import times_of
from lab.paths import StateDirectory
from tests.e2e.conftest import BootedLab
from tests.e2e.exercises.answering import Learner, walk

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

EXERCISES = {name: one for name, one in read_exercises().items() if one.needs.faults}
NAME = "ada"


@pytest.fixture(params=EXERCISES)
def exercise(
    request: pytest.FixtureRequest, learner: Learner, lab_with_visitors: BootedLab, wait_for: Callable[..., Any]
) -> Iterator[Exercise]:
    """One after the other, in the lab as `lab exercise start` leaves it, once there is enough to see."""
    exercise = EXERCISES[request.param]
    state_dir = StateDirectory(lab_with_visitors.state_dir)
    needed = personalise(exercise, NAME).needs.faults
    prepare(state_dir, needed)
    wait_for(lambda: seconds_to_wait(state_dir, needed) == 0, "it has been so for long enough", 200.0)
    yield exercise
    prepare(state_dir, ())


def test_right_answers_pass_and_wrong_ones_are_told_why(
    learner: Learner, exercise: Exercise, lab_with_visitors: BootedLab
):
    times = times_of(personalise(exercise, NAME), StateDirectory(lab_with_visitors.state_dir))

    problems, wrong_answers = walk(dataclasses.replace(learner, times=times), exercise, NAME)

    assert problems == []
    assert min(wrong_answers.values()) >= 2
