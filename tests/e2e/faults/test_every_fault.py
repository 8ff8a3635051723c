"""Every fault of the chain: see every_fault.py."""

import pytest

from tests.e2e.faults.conftest import FAULTS
from tests.e2e.faults.every_fault import (
    run_of,
    test_it_is_gone_when_it_has_been_switched_off,
    test_it_shows_what_the_catalogue_says_and_nothing_that_this_excludes,
    test_nothing_that_is_emitted_or_answered_names_it,
)

__all__ = [
    "test_it_is_gone_when_it_has_been_switched_off",
    "test_it_shows_what_the_catalogue_says_and_nothing_that_this_excludes",
    "test_nothing_that_is_emitted_or_answered_names_it",
]

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(500)]


@pytest.fixture(scope="module", params=FAULTS.values(), ids=FAULTS.keys())
def run(request, lab_with_traffic, flags_of_the_lab):
    return run_of(request.param, lab_with_traffic, flags_of_the_lab)
