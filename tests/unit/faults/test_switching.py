"""Switching, whoever asks for it: what cannot be is refused before anything is written; nothing during an incident."""

import pytest

from lab.faults.catalogue import UnknownFault, read_catalogue
from lab.faults.flag_file import FlagFile
from lab.faults.parameters import ParameterError
from lab.faults.switching import Switches, SwitchingRefused
from lab.incidents.files import IncidentFiles
from lab.paths import StateDirectory

CATALOGUE = read_catalogue()


@pytest.fixture
def state_dir(tmp_path):
    return StateDirectory(tmp_path)


@pytest.fixture
def switches(state_dir):
    return Switches(state_dir, CATALOGUE)


def test_settings_are_given_as_words_or_by_name(switches):
    by_words = switches.wish("lost-spans", ["service=frontend", "share=0.05"])

    assert by_words == switches.wish("lost-spans", {"service": "frontend", "share": 0.05})
    assert by_words.values["service"] == "frontend"


@pytest.mark.parametrize(
    ("name", "settings", "error"),
    [
        ("nothing-like-it", {}, UnknownFault),
        ("lost-spans", {"colour": "red"}, ParameterError),
        ("lost-spans", {"share": 7}, ParameterError),
    ],
)
def test_what_cannot_be_is_an_error_and_nothing_is_written(switches, state_dir, name, settings, error):
    with pytest.raises(error):
        switches.switch_on(name, settings)

    assert not state_dir.flag_file.exists()


def test_clearing_tells_what_was_on_and_mends_a_broken_file(switches, state_dir):
    switches.switch_on("missing-index")
    switches.switch_on("cache-outage")
    assert {fault.name for fault in switches.clear()} == {"missing-index", "cache-outage"}

    state_dir.flag_file.write_text("{")
    assert switches.clear() == []
    assert FlagFile(state_dir.flag_file).switched_on() == {}


def test_during_an_incident_nobody_switches_anything(switches, state_dir):
    switches.switch_on("missing-index")
    before = state_dir.flag_file.read_bytes()

    with IncidentFiles(state_dir).held():
        for change in (
            lambda: switches.switch_on("cache-outage"),
            lambda: switches.switch_on_only([]),
            lambda: switches.switch_off("missing-index"),
            switches.clear,
        ):
            with pytest.raises(SwitchingRefused, match="an incident runs"):
                change()

    assert state_dir.flag_file.read_bytes() == before
