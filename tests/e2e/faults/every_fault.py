"""Every fault of a system, on a lab with traffic: it shows what its entry says, nothing of what that excludes, ends
when it is switched off, and is named nowhere.

One run a fault; each test looks at another side of it. The modules that collect these tests have the fixture `run`.
"""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pytest

from lab.faults.catalogue import Fault, read_catalogue
from lab.faults.flag_file import FlagFile
from lab.faults.injection import InjectionFailed, NoRecovery, injected
from tests.e2e.conftest import BootedLab
from tests.e2e.faults.emitted import everything_since, telling_words

#: Enough for rates over a few seconds; no more, because the tests share the machine with the lab.
WINDOW_SECONDS = 6.0

#: Would give away that something has been switched, if not what.
MACHINERY = ("fault", "chaos", "injection", "injected", "feature flag", "flagd", "openfeature")

ATTEMPTS = 3


def faults_of(system: str) -> Mapping[str, Fault]:
    """By name."""
    return {name: fault for name, fault in read_catalogue().items() if fault.system == system}


@dataclass
class Run:
    """What became of one fault."""

    fault: Fault
    failure: InjectionFailed | None
    emitted: list[tuple[str, str]]


def run_of(fault: Fault, lab: BootedLab, flags: FlagFile) -> Run:
    """The fault switched on and off."""
    # The moment before may be a bad one, while other tests take the machine: what is compared with it is worth nothing.
    for _ in range(ATTEMPTS):
        run = _inject(fault, lab, flags)
        if run.failure is None:
            break
        # What was measured while it was on must not be the next moment before.
        time.sleep(3 * WINDOW_SECONDS)
    return run


def _inject(fault: Fault, lab: BootedLab, flags: FlagFile) -> Run:
    assert lab.telemetry is not None
    began = time.time()
    emitted = []
    failure = None
    try:
        with injected(fault, flags, lab.telemetry, window_seconds=WINDOW_SECONDS) as injection:
            emitted = list(everything_since(lab, began))
            assert injection.fault.flag in flags.switched_on()
    except InjectionFailed as error:
        failure = error
    return Run(fault, failure, emitted)


def test_it_shows_what_the_catalogue_says_and_nothing_that_this_excludes(run: Run) -> None:
    if run.failure is not None and not isinstance(run.failure, NoRecovery):
        pytest.fail(str(run.failure))


def test_it_is_gone_when_it_has_been_switched_off(run: Run) -> None:
    if isinstance(run.failure, NoRecovery):
        pytest.fail(str(run.failure))
    if run.failure is not None:
        pytest.skip("it did not come to that")


def test_nothing_that_is_emitted_or_answered_names_it(run: Run) -> None:
    if not run.emitted:
        pytest.skip("it did not come to that")
    telling = _any_of({word for fault in faults_of(run.fault.system).values() for word in telling_words(fault)})
    machinery = _any_of(MACHINERY)

    found = {}
    for where, text in run.emitted:
        # The workbench has a button for a note on the charts, and one of its kinds is "fault".
        for pattern in [telling] if where.startswith("workbench") else [telling, machinery]:
            found |= {(where, match[0].lower()): text for match in pattern.finditer(text)}
    assert found == {}, found


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Their parts joined with whatever, in any case; but a word of its own: "bot" is not in "both"."""
    joined = ["[-_ ]?".join(map(re.escape, re.split("[-_ ]", word))) for word in words]
    return re.compile(rf"(?<![a-z0-9])({'|'.join(joined)})(?![a-z0-9])", re.IGNORECASE)
