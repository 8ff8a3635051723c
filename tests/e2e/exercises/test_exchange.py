"""Every exercise about the exchange, in one lab: it has eleven processes, and other tests run beside these."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.exercises.lanes import Lanes, in_one_lab
from tests.e2e.exercises.walking import assert_answers_are_judged_rightly, walks

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

LANES = in_one_lab("exchange")


@pytest.mark.parametrize(("name", "server"), walks(LANES))
def test_right_answers_pass_and_wrong_ones_are_told_why(
    lanes: Lanes, wait_for: Callable[..., Any], name: str, server: str
):
    assert_answers_are_judged_rightly(lanes, wait_for, name, server)
