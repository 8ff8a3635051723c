"""A lab starts PostgreSQL and Redis for whoever has none: they answer, survive being killed, and end when it ends."""

import json
import os
import signal
from dataclasses import asdict

import psycopg
import pytest
import redis

from lab.backing.processes import backing_processes, make_secrets
from lab.manifest import Backing, Service, System
from lab.probe import probe
from lab.secrets import Secrets, place_of
from lab.stacks.stack import StackOptions
from tests.integration.lab.conftest import ThrowawayLab, unused_port

pytestmark = pytest.mark.slow

PASSWORD = "SHOP_PASSWORD"


@pytest.fixture
def shop(throwaway_lab: ThrowawayLab, monkeypatch) -> System:
    """Two backing services and a service that needs both, to be started by the throw-away lab."""
    for variable in ("SHELVES_URL", "TILL_URL", PASSWORD):
        monkeypatch.delenv(variable, raising=False)
    system = System(
        "shop",
        "A shop",
        entry_service="web",
        services=(Service("web", "shop_web", 7001, depends_on=("shelves", "till")),),
        backing=(
            Backing("shelves", "postgresql", unused_port(), "SHELVES_URL", PASSWORD),
            Backing("till", "redis", unused_port(), "TILL_URL"),
        ),
    )
    options = StackOptions([system], throwaway_lab.directory)
    make_secrets(options)
    throwaway_lab.plan["processes"] += [asdict(spec) for spec in backing_processes(options)]
    throwaway_lab.add("web", depends_on=("shelves", "till"))
    return system


def shelves_url(lab: ThrowawayLab, system: System, password: str = place_of(PASSWORD)) -> str:
    url = f"postgresql://shop:{password}@127.0.0.1:{system.backing[0].port}/shop"
    return Secrets(lab.directory).put_into({"URL": url})["URL"]


def till_url(system: System) -> str:
    return f"redis://127.0.0.1:{system.backing[1].port}"


def killed_and_back(lab: ThrowawayLab, name: str, url: str, wait_for) -> None:
    first = lab.pid_of(name)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: lab.pid_of(name) != first and probe(url).ok, f"{name} is back", 60)


def test_what_was_committed_survives_a_killed_server_and_a_whole_lab(throwaway_lab, shop, wait_for, run_lab):
    throwaway_lab.start_and_wait()
    with psycopg.connect(shelves_url(throwaway_lab, shop)) as connection:
        connection.execute("CREATE TABLE books (title text)")
        connection.execute("INSERT INTO books VALUES ('Middlemarch')")
    with redis.Redis.from_url(till_url(shop)) as client:
        assert client.set("coins", 3)

    killed_and_back(throwaway_lab, "shelves", shop_address(shop), wait_for)
    killed_and_back(throwaway_lab, "till", till_url(shop), wait_for)

    status = json.loads(run_lab("status", "--json").stdout)
    backing = {process["name"]: process for process in status["processes"] if process["role"] == "backing"}
    assert {name: (process["ready"], process["restarts"]) for name, process in backing.items()} == {
        "shelves": (True, 1),
        "till": (True, 1),
    }
    assert "ready to accept connections" in run_lab("logs", "shelves", "-n", "50").stdout

    code, output = throwaway_lab.end()
    assert (code, "killed" in output) == (0, False)
    assert throwaway_lab.survivors() == []

    throwaway_lab.start_and_wait()
    with psycopg.connect(shelves_url(throwaway_lab, shop)) as connection:
        assert connection.execute("SELECT title FROM books").fetchall() == [("Middlemarch",)]
        # Whoever does not know the password is not let in, from this machine neither.
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(shelves_url(throwaway_lab, shop, "guessed"))
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


def shop_address(system: System) -> str:
    return f"postgresql://127.0.0.1:{system.backing[0].port}"


def test_databases_end_after_the_services_that_need_them(throwaway_lab, shop):
    throwaway_lab.plan["processes"][-1]["command"] += ["--end-after", "1"]
    throwaway_lab.start_and_wait()
    with psycopg.connect(shelves_url(throwaway_lab, shop)) as connection:
        throwaway_lab.process.send_signal(signal.SIGTERM)
        # A client that stays connected does not keep the server from ending.
        connection.execute("SELECT 1")
    assert throwaway_lab.end()[0] == 0
