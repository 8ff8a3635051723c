"""The baseline, as the program that it is: it sees which service changed, when, and that nothing did."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.faults.catalogue import Catalogue, read_catalogue
from lab.incidents import remote_write
from lab.incidents.bench import agent_environment, baseline_command
from lab.incidents.game import Game
from lab.incidents.http_api import served
from lab.incidents.scenario import Scenario, Task, draw
from lab.incidents.system_file import SystemIncidents
from tests.integration.telemetry_store.conftest import Store
from tests.unit.incidents.fakes import incident_of
from tests.unit.incidents.systems import ABOUT, CHAIN

SERVICES = ("frontend", "backend", "database")
#: Seconds of its own that each spends on a request.
OWN = {"frontend": 0.004, "backend": 0.003, "database": 0.005}
ONSET_SECONDS_AGO = 40.0


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    targets = tmp_path / "targets.json"
    targets.write_text("[]")
    store = Store(tmp_path / "store", targets, ("--retention-hours", "0", "--retention-megabytes", "0"))
    store.start()
    yield store
    store.stop()


def fill(store: Store, now: float, own_now: dict[str, float], rate_now: float = 10.0) -> None:
    """Two minutes of a chain with ten requests a second, as metrics made of spans; other values from the onset on."""
    series: dict[tuple[tuple[str, str], ...], list[tuple[int, float]]] = {}
    totals: dict[tuple[tuple[str, str], ...], float] = {}
    for ago in range(120, -1, -5):
        changed = ago < ONSET_SECONDS_AGO
        own, rate = (own_now, rate_now) if changed else (OWN, 10.0)
        whole = 0.0
        rises: dict[tuple[tuple[str, str], ...], float] = {}
        for service, caller in reversed(list(zip(SERVICES, (None, *SERVICES), strict=False))):
            whole += own[service]
            labels = (("service", service), ("span_kind", "SPAN_KIND_SERVER"))
            rises[("__name__", "traces_spanmetrics_calls_total"), *labels] = rate * 5
            rises[("__name__", "traces_spanmetrics_latency_sum"), *labels] = rate * 5 * whole
            if caller:
                edge = (("client", caller), ("server", service), ("connection_type", ""))
                rises[("__name__", "traces_service_graph_request_client_seconds_sum"), *edge] = rate * 5 * whole
        for key, rise in rises.items():
            totals[key] = totals.get(key, 0.0) + rise
            series.setdefault(key, []).append((int((now - ago) * 1000), totals[key]))
    body = remote_write.in_snappy(remote_write.encode((dict(key), samples) for key, samples in series.items()))
    answer = store.post("prometheus", "/api/v1/write", body, "application/x-protobuf")
    assert answer.status == 204, answer.text


def played(
    store: Store,
    task: Task,
    scenario: Scenario,
    catalogue: Catalogue,
    folder: Path,
    about: SystemIncidents = CHAIN,
) -> Game:
    incident = incident_of(scenario, catalogue, folder, about)
    incident.lab.state.backends.update({name: store.urls[name] for name in ("prometheus", "loki", "tempo")})
    incident.healthy_at = time.time() - 50
    incident.clock_started_at = time.time() - 10
    game = Game(task, incident)
    with served(game) as address:
        ended = subprocess.run(
            baseline_command(),
            env=agent_environment(address, incident.lab.state.backends),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    return game


def quiet(catalogue: Catalogue) -> Scenario:
    return next(one for seed in (1, 2) if not (one := draw(seed, "easy", "locate", catalogue, CHAIN)).faults)


def test_it_names_the_service_whose_own_time_grew_and_who_calls_it(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    now = time.time()
    fill(store, now, {**OWN, "database": 0.1})
    answer = played(store, "analyse", quiet(catalogue), catalogue, tmp_path).answer
    assert answer is not None
    [cause] = answer.causes
    assert cause.service == "database"
    assert cause.victims == ("backend", "frontend")
    assert answer.since == pytest.approx(now - ONSET_SECONDS_AGO, abs=12)


def test_it_says_that_visitors_came_when_only_their_number_grew(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    fill(store, time.time(), OWN, rate_now=60.0)
    answer = played(store, "locate", quiet(catalogue), catalogue, tmp_path).answer
    assert answer is not None
    assert [cause.service for cause in answer.causes] == ["visitors"]


def test_where_nothing_changed_it_says_so(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    fill(store, time.time(), {**OWN, "backend": 0.004})
    game = played(store, "detect", quiet(catalogue), catalogue, tmp_path)
    assert game.answer is not None
    assert not game.answer.fault
    assert game.score().value == 1


def test_what_another_system_of_the_lab_does_is_no_answer(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    [other] = [about for name, about in ABOUT.items() if name != "chain"]
    fill(store, time.time(), {**OWN, "database": 0.1})
    answer = played(store, "analyse", quiet(catalogue), catalogue, tmp_path, other).answer
    assert answer is not None
    assert not answer.fault
