"""One lab with visitors for all exercises of a file, and somebody who knows the answers.

Exercises that need something to be wrong take it for themselves; all others find a healthy lab."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.exercises.exercise import Exercise, Needs
from lab.exercises.needed_faults import prepare, seconds_to_wait
from lab.exercises.needs import unmet
from lab.exercises.personal import personalise
from lab.paths import StateDirectory
from tests.e2e.conftest import BootedLab, boot
from tests.e2e.exercises.answering import Learner
from tests.e2e.exercises.with_faults import EXERCISES, NAME

#: What an exercise looks back over, in most cases, and a little more.
WARM_UP = Needs(requests_per_second=4, minutes=2.5)


@pytest.fixture(scope="package")
def lab_with_visitors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedLab]:
    yield from boot(tmp_path_factory.mktemp("exercises"), "--rps", "8")


@pytest.fixture(scope="package")
def learner(lab_with_visitors: BootedLab, wait_for: Callable[..., Any]) -> Learner:
    return warmed_up(lab_with_visitors, wait_for)


def warmed_up(lab: BootedLab, wait_for: Callable[..., Any]) -> Learner:
    """Once there is enough to see."""
    client = lab.telemetry
    assert client is not None
    learner = Learner(client, lab.url("frontend"))
    refused = time.monotonic()

    def enough() -> bool:
        nonlocal refused
        if time.monotonic() - refused > 10:
            # Refusals of each kind, now and then, so that there is something to count.
            learner.visit_refused()
            refused = time.monotonic()
        return not unmet(WARM_UP, "chain", lab.state(), client)

    wait_for(enough, "there is something to look at", 240.0)
    return learner


def await_needs(exercise: Exercise, lab: BootedLab, wait_for: Callable[..., Any]) -> None:
    """As `lab exercise start` asks it of a learner: in a lab that has just started wrong answers may be right."""
    client = lab.telemetry
    assert client is not None
    wait_for(lambda: not unmet(exercise.needs, "chain", lab.state(), client), "the lab is as it is needed", 400.0)


@pytest.fixture
def exercise_with_faults(
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
