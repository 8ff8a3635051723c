"""A repair is judged by what the indicators say, look after look, and never by what the lab knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import pytest

from lab.faults.catalogue import Catalogue
from lab.incidents import conduct
from lab.incidents.conduct import ActionTaken, RunningIncident
from lab.incidents.scenario import draw
from tests.unit.incidents.fakes import incident_of
from tests.unit.incidents.systems import CHAIN

FAILING, WELL = {"requests that fail": 0.2}, {"requests that fail": 0.0}
SLOW = {"requests that fail": 0.0, "requests that take longer than 500 ms": 0.4}


@pytest.fixture
def incident(catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunningIncident:
    monkeypatch.setattr(conduct, "_LOOK_SECONDS", 0.001)
    monkeypatch.setattr(conduct, "_LEAST_RECOVERY_SECONDS", 0.05)
    scenario = next(one for seed in range(1, 9) if (one := draw(seed, "easy", "repair", catalogue, CHAIN)).faults)
    incident = incident_of(scenario, catalogue, tmp_path)
    incident.before, incident.window_seconds = WELL, 0.0
    for one in incident.placed:
        one.injection.fault = replace(one.injection.fault, recovery_seconds=0.05)
    return incident


def acted(incident: RunningIncident, mended: bool) -> None:
    incident.actions.append(ActionTaken(0.0, "restart", "backend", "", ("pricing-rule",) if mended else ()))


def seen(monkeypatch: pytest.MonkeyPatch, *looks: Mapping[str, float]) -> None:
    """What each look finds; the last one again and again."""
    answers: Iterator[Mapping[str, float]] = chain(looks, repeat(looks[-1]))
    monkeypatch.setattr(conduct, "read_indicators", lambda *_: next(answers))


def test_what_gets_well_and_stays_so_is_recovered(incident: RunningIncident, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(monkeypatch, FAILING, FAILING, WELL, WELL, WELL)
    acted(incident, mended=True)
    outcome = incident.repair_outcome()
    assert outcome.recovered == ("requests that fail",)
    assert (outcome.actions, outcome.mending, outcome.damaged) == (1, 1, ())


def test_what_stays_bad_is_not_recovered_whatever_was_done(
    incident: RunningIncident, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen(monkeypatch, FAILING)
    acted(incident, mended=True)
    assert incident.repair_outcome().recovered == ()


def test_one_good_look_between_bad_ones_is_not_enough(
    incident: RunningIncident, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = [FAILING if number % 3 else WELL for number in range(5000)]
    seen(monkeypatch, *looks)
    acted(incident, mended=True)
    assert incident.repair_outcome().recovered == ()


def test_who_did_nothing_is_judged_at_once(incident: RunningIncident, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(monkeypatch, FAILING, FAILING, FAILING, WELL)
    assert incident.repair_outcome().recovered == ()


def test_an_objective_that_is_missed_only_now_is_damage(
    incident: RunningIncident, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen(monkeypatch, SLOW)
    acted(incident, mended=True)
    outcome = incident.repair_outcome()
    assert outcome.recovered == ("requests that fail",)
    assert outcome.damaged == ("requests that take longer than 500 ms",)
