"""Every exercise about the chain that needs a lab: four of these get ready at the same time."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.exercises.lanes import Lanes, in_several_labs
from tests.e2e.exercises.walking import assert_answers_are_judged_rightly, walks

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

LANES = in_several_labs("chain", labs_with_causes=2)


@pytest.mark.parametrize(("name", "server"), walks(LANES))
def test_right_answers_pass_and_wrong_ones_are_told_why(
    lanes: Lanes, wait_for: Callable[..., Any], name: str, server: str
):
    assert_answers_are_judged_rightly(lanes, wait_for, name, server)
