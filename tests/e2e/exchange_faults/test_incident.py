"""An incident of the exchange, played blind and explained after the answer: with the machinery of the chain's."""

from __future__ import annotations

import json

import pytest

from lab.faults.catalogue import read_catalogue
from lab.incidents.scenario import draw
from lab.incidents.system_file import read_system_incidents
from lab.manifest import discover
from tests.e2e.conftest import BootedLab
from tests.e2e.incidents.commands import begun, told

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

HIDDEN = "late-orders"


def test_it_is_about_the_system_that_runs(lab_with_traffic: BootedLab) -> None:
    lab, catalogue, about = lab_with_traffic, read_catalogue(), read_system_incidents(discover()["exchange"])
    seed = next(
        seed
        for seed in range(1, 50)
        if [one.name for one in draw(seed, "easy", "locate", catalogue, about).faults] == [HIDDEN]
    )
    begun(lab, "--seed", str(seed), "--task", "locate")
    game = told(lab, "status")
    assert (game["system"], game["task"]) == ("exchange", "locate")
    assert HIDDEN not in json.dumps(game)
    assert "matching-engine" in told(lab, "labels")["services"]
    told(lab, "answer", "matching-engine/stream-of-orders")
    report = told(lab, "report")
    told(lab, "stop")

    assert [fault["fault"] for fault in report["truth"]["faults"]] == [HIDDEN]
    assert report["score"] == 1, report["reasons"]
