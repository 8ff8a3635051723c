"""An incident without a lab: nothing is broken, and actions are only written down."""

from __future__ import annotations

import time
from pathlib import Path

from lab.faults.catalogue import Catalogue
from lab.faults.injection import Injection
from lab.incidents.acting import Operator
from lab.incidents.conduct import Lab, RunningIncident, _Placed
from lab.incidents.scenario import Scenario
from lab.incidents.system_file import SystemIncidents
from lab.paths import StateDirectory
from lab.run_state import ProcessIdentity, RunState
from lab.telemetry_client import TelemetryClient
from tests.unit.incidents.systems import CHAIN

BACKENDS = {"prometheus": "http://127.0.0.1:1", "loki": "http://127.0.0.1:2", "tempo": "http://127.0.0.1:3"}


class WritesDown(Operator):
    def __init__(self, directory: StateDirectory) -> None:
        super().__init__(directory, CHAIN.system.entry_service, CHAIN.moments)
        self.done: list[tuple[str, str]] = []

    def carry_out(self, action: str, target: str) -> str:
        self.done.append((action, target))
        return f"{action} {target}: done"


def incident_of(
    scenario: Scenario, catalogue: Catalogue, folder: Path, about: SystemIncidents = CHAIN
) -> RunningIncident:
    """Its clock started just now, twenty seconds after each onset."""
    state = RunState("run", ProcessIdentity(1, 0.0), "embedded", [about.system.name], 0, dict(BACKENDS), 0.0)
    client = TelemetryClient.from_backends(BACKENDS)
    lab = Lab(StateDirectory(folder), state, about, catalogue, client)
    now = time.time()
    placed = [
        _Placed(drawn, Injection(catalogue[drawn.name], lab.flags, client, drawn.values), onset=now - 20)
        for drawn in scenario.faults
    ]
    return RunningIncident(
        scenario=scenario,
        lab=lab,
        healthy_at=now - 30,
        window_seconds=10,
        before={},
        placed=placed,
        operator=WritesDown(lab.directory),
        clock_started_at=now,
        harmed=("requests that fail",) if placed else (),
    )
