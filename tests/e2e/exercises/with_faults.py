"""Exercises for which something has to be wrong, in three portions.

Most of their time is waiting until there is enough to see. Each portion is walked in a file, a lab and a worker process
of its own, so that they wait at the same time."""

import dataclasses

from lab.exercises.exercise import Exercise
from lab.exercises.loader import read_exercises
from lab.exercises.personal import personalise
from lab.exercises.preparation import times_of
from lab.paths import StateDirectory
from tests.e2e.conftest import BootedLab
from tests.e2e.exercises.answering import Learner, walk

NAME = "ada"

EXERCISES = {name: one for name, one in read_exercises().items() if one.needs.faults}

_causes = [name for name, one in EXERCISES.items() if one.part == 3]
FIRST_CAUSES = _causes[: len(_causes) // 2]
MORE_CAUSES = _causes[len(_causes) // 2 :]
ACTING = [name for name in EXERCISES if name not in _causes]


def require_the_right_verdicts(learner: Learner, exercise: Exercise, lab: BootedLab) -> None:
    times = times_of(personalise(exercise, NAME), StateDirectory(lab.state_dir))

    problems, wrong_answers = walk(dataclasses.replace(learner, times=times), exercise, NAME)

    assert problems == []
    assert min(wrong_answers.values()) >= 2
