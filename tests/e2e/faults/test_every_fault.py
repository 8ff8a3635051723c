"""Every fault of the catalogue, on a lab with traffic: it shows what its entry says, nothing of what that excludes,
ends when it is switched off, and is named nowhere.

One run a fault; each test looks at another side of it.
"""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from lab.faults.injection import InjectionFailed, NoRecovery, injected
from tests.e2e.faults.conftest import FAULTS, WINDOW_SECONDS
from tests.e2e.faults.emitted import everything_since, telling_words

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(500)]

#: Would give away that something has been switched, if not what.
MACHINERY = ("fault", "chaos", "injection", "injected", "feature flag", "flagd", "openfeature")

ATTEMPTS = 3


@dataclass
class Run:
    """What became of one fault."""

    failure: InjectionFailed | None
    emitted: list[tuple[str, str]]


@pytest.fixture(scope="module", params=FAULTS.values(), ids=FAULTS.keys())
def run(request, lab_with_traffic, flags_of_the_lab):
    # The moment before may be a bad one, while other tests take the machine: what is compared with it is worth nothing.
    for _ in range(ATTEMPTS):
        run = _inject(request.param, lab_with_traffic, flags_of_the_lab)
        if run.failure is None:
            break
        # What was measured while it was on must not be the next moment before.
        time.sleep(3 * WINDOW_SECONDS)
    return run


def _inject(fault, lab, flags):
    began = time.time()
    emitted = []
    failure = None
    try:
        with injected(fault, flags, lab.telemetry, window_seconds=WINDOW_SECONDS) as injection:
            emitted = list(everything_since(lab, began))
            assert injection.fault.flag in flags.switched_on()
    except InjectionFailed as error:
        failure = error
    return Run(failure, emitted)


def test_it_shows_what_the_catalogue_says_and_nothing_that_this_excludes(run):
    if run.failure is not None and not isinstance(run.failure, NoRecovery):
        pytest.fail(str(run.failure))


def test_it_is_gone_when_it_has_been_switched_off(run):
    if isinstance(run.failure, NoRecovery):
        pytest.fail(str(run.failure))
    if run.failure is not None:
        pytest.skip("it did not come to that")


def test_nothing_that_is_emitted_or_answered_names_it(run):
    if not run.emitted:
        pytest.skip("it did not come to that")
    telling = _any_of({word for fault in FAULTS.values() for word in telling_words(fault)})
    machinery = _any_of(MACHINERY)

    found = {}
    for where, text in run.emitted:
        # The workbench has a button for a note on the charts, and one of its kinds is "fault".
        for pattern in [telling] if where.startswith("workbench") else [telling, machinery]:
            found |= {(where, match[0].lower()): text for match in pattern.finditer(text)}
    assert found == {}


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Their parts joined with whatever, in any case; but a word of its own: "bot" is not in "both"."""
    joined = ["[-_ ]?".join(map(re.escape, re.split("[-_ ]", word))) for word in words]
    return re.compile(rf"(?<![a-z0-9])({'|'.join(joined)})(?![a-z0-9])", re.IGNORECASE)
