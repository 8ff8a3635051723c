"""Rules that fire, and are quiet: each right answer passes, and each wrong one is told why it is wrong."""

import pytest

from tests.e2e.exercises.with_faults import ACTING, require_the_right_verdicts

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("exercise_with_faults", ACTING, indirect=True)
def test_right_answers_pass_and_wrong_ones_are_told_why(learner, exercise_with_faults, lab_with_visitors):
    require_the_right_verdicts(learner, exercise_with_faults, lab_with_visitors)
