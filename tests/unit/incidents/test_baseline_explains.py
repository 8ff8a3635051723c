"""The baseline's explanations: only what can be answered about the system."""

from __future__ import annotations

import pytest

from lab.faults.catalogue import Catalogue
from lab.incidents.answers import parse_json
from lab.incidents.labels import labels_of
from lab.incidents.players.baseline import Change, Look, _explained
from tests.unit.incidents.systems import ABOUT


@pytest.mark.parametrize("signal", ["rate", "time", "errors"])
@pytest.mark.parametrize("system", sorted(ABOUT))
def test_it_says_nothing_that_the_labels_do_not_have(system: str, signal: str, catalogue: Catalogue) -> None:
    labels = labels_of(catalogue, ABOUT[system])
    entry, called = labels.services[:2]
    look = Look(rate={entry: 9.0, called: 9.0, "elsewhere": 9.0}, calls={(entry, called), ("elsewhere", called)})

    cause = _explained(Change(called, signal, 3.0, ""), [], look, labels.as_json())

    answer = parse_json({"fault": True, "causes": [cause]}, labels)
    assert [one.service for one in answer.causes] == ["visitors" if signal == "rate" else called]
