"""An exercise finds the lab as it needs it, and the next one does as well."""

import pytest

from lab.exercises.exercise import NeededFault
from lab.exercises.needed_faults import prepare, seconds_to_wait
from lab.faults.catalogue import UnknownFault
from lab.faults.flag_file import FlagFile
from lab.faults.parameters import ParameterError
from lab.paths import StateDirectory

INDEX = NeededFault("missing-index", on_for_seconds=60)
CACHE = NeededFault("cache-outage", on_for_seconds=60)
PRICES = NeededFault("pricing-rule", {"category": "kitchen"}, on_for_seconds=0)


@pytest.fixture
def state_dir(tmp_path):
    return StateDirectory(tmp_path)


def on(state_dir):
    return FlagFile(state_dir.flag_file).switched_on()


def test_what_is_needed_is_on_and_all_else_off(state_dir):
    prepare(state_dir, [INDEX])
    prepare(state_dir, [PRICES])

    assert {flag: dict(state.values) for flag, state in on(state_dir).items()} == {
        "bundle-prices": {"category": "kitchen"}
    }
    prepare(state_dir, [])
    assert on(state_dir) == {}


@pytest.mark.parametrize("fault", [INDEX, CACHE], ids=["with parameters", "without"])
def test_who_starts_the_same_again_does_not_begin_to_wait_anew(state_dir, fault):
    prepare(state_dir, [fault])
    before = on(state_dir)

    prepare(state_dir, [fault])

    assert on(state_dir) == before


def test_with_nothing_needed_nothing_is_written(state_dir):
    prepare(state_dir, [])

    assert not state_dir.flag_file.exists()


def test_how_long_to_wait_is_known(state_dir):
    assert seconds_to_wait(state_dir, [INDEX]) is None
    prepare(state_dir, [INDEX, PRICES])
    assert 55 < seconds_to_wait(state_dir, [INDEX, PRICES]) <= 60
    assert seconds_to_wait(state_dir, [PRICES]) == 0
    assert seconds_to_wait(state_dir, []) == 0


def test_what_is_not_in_the_catalogue_is_an_error(state_dir):
    with pytest.raises(UnknownFault):
        prepare(state_dir, [NeededFault("no-such-thing")])
    with pytest.raises(ParameterError):
        prepare(state_dir, [NeededFault("pricing-rule", {"category": "cars"})])
