"""`lab up --stack compose` from its start to its end, with real processes; only Docker itself is a fake."""

import json
import os
import random
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.manifest import discover
from lab.paths import REPOSITORY, StateDirectory
from lab.port_check import is_free
from lab.ports import LabPorts, url

pytestmark = pytest.mark.slow

FAKE = Path(__file__).with_name("fake_docker.py")


def free_offset() -> int:
    """Keeps every port below the range that connections are given theirs from: Jaeger's is the highest."""
    usual = [*vars(LabPorts()).values(), *(service.port for service in discover()["chain"].services)]
    for offset in random.Random(os.getpid()).sample(range(9_000, 16_000), 100):
        if all(is_free(port + offset) for port in usual):
            return offset
    pytest.fail("no offset with free ports found")


class Lab:
    def __init__(self, root: Path) -> None:
        self.offset = free_offset()
        self.directory = StateDirectory(root / "state")
        self.calls_file = root / "docker" / "calls.jsonl"
        self.calls_file.parent.mkdir()
        program = root / "bin" / "docker"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(FAKE))} "$@"\n')
        program.chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{program.parent}:/usr/bin:/bin",
            "LAB_STATE_DIR": str(self.directory.root),
            "FAKE_DOCKER_CALLS": str(self.calls_file),
        }
        self.environment.pop("COMPOSE_PROFILES", None)

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(REPOSITORY / "lab"), *words]
        environment = {**self.environment, **variables}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)

    def up(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--stack", "compose", "--port-offset", str(self.offset), *words, **variables)

    def calls(self, verb: str) -> list[dict]:
        calls = [json.loads(line) for line in self.calls_file.read_text().splitlines()]
        return [call for call in calls if verb in call["words"]]


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    yield lab
    lab.run("down")
    assert not (lab.calls_file.parent / "running").exists(), "containers were left behind"


def test_a_lab_in_containers_starts_is_watched_and_ends(lab):
    started = lab.up("--detach", "--rps", "7", "--workers", "2", "--profile", "load")
    assert started.returncode == 0, started.stderr
    assert url(3000 + lab.offset) in started.stdout

    status = json.loads(lab.run("status", "--json").stdout)
    assert status["stack"] == "compose"
    names = {process["name"] for process in status["processes"]}
    assert {"frontend", "backend", "database", "grafana", "prometheus", "loki", "tempo", "locust-worker"} <= names
    assert "jaeger" not in names

    assert lab.run("logs", "backend", "--raw").stdout == "backend says hello\n"
    assert "frontend-1  Started" in lab.run("logs", "compose", "--raw").stdout

    # The configuration is this lab's own. What a browser opens is shifted; what containers call each other is not.
    [up] = lab.calls("up")
    configuration = Path(up["variables"]["LAB_CONFIG_DIR"])
    rules = "".join(path.read_text() for path in (configuration / "observability/prometheus/rules").iterdir())
    assert url(3000 + lab.offset, "/d/") in rules
    assert url(3000) not in rules
    assert "alertmanager:9093" in (configuration / "observability/prometheus/prometheus.yml").read_text()
    assert (configuration / "grafana/provisioning").stat().st_mode & 0o777 == 0o755

    ended = lab.run("down")
    assert ended.returncode == 0, ended.stderr
    [down] = lab.calls("down")
    assert down["words"][-2:] == ["down", "--remove-orphans"]


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        ("pull", "The images could not be fetched: Docker says why, above."),
        ("build", "The images of the services could not be built: Docker says why, above."),
    ],
)
def test_images_that_cannot_be_had_end_the_start_with_dockers_reason(lab, verb, message):
    failed = lab.up(FAKE_DOCKER_FAILS=verb)

    assert failed.returncode == 1
    assert f"Error response from daemon: cannot {verb}" in failed.stderr
    assert message in failed.stderr
    assert lab.calls("up") == []


def test_containers_that_do_not_come_up_end_the_start_with_what_compose_said_and_go(lab):
    failed = lab.up(FAKE_DOCKER_FAILS="up")

    assert failed.returncode == 1
    assert "compose ended right after its start" in failed.stderr
    assert "Error response from daemon: cannot up" in failed.stderr
    assert lab.calls("down")


def test_containers_that_an_interrupted_lab_has_left_go_before_new_ones_come(lab):
    # They run on the very ports that are wanted.
    (lab.calls_file.parent / "running").touch()
    held = socket.create_server(("127.0.0.1", 8001 + lab.offset))
    try:
        failed = lab.up(FAKE_DOCKER_FAILS="pull")
    finally:
        held.close()

    [down] = lab.calls("down")
    assert down["variables"]["COMPOSE_PROFILES"] == "all"
    assert "The images could not be fetched" in failed.stderr
