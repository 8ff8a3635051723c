"""Every exercise in a healthy lab: each right answer passes, and each wrong one is told why it is wrong.

Those with a service need no lab: tests/integration/exercises."""

import pytest

from lab.exercises.loader import read_exercises
from tests.e2e.conftest import BootedLab
from tests.e2e.exercises.answering import Learner, walk
from tests.e2e.exercises.conftest import await_needs

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

EXERCISES = {name: one for name, one in read_exercises().items() if not one.needs.faults and not one.service}


@pytest.mark.parametrize("name", EXERCISES)
def test_right_answers_pass_and_wrong_ones_are_told_why(
    learner: Learner, lab_with_visitors: BootedLab, wait_for, name: str
):
    await_needs(EXERCISES[name], lab_with_visitors, wait_for)

    problems, wrong_answers = walk(learner, EXERCISES[name], "ada")

    assert problems == []
    assert min(wrong_answers.values()) >= 2
