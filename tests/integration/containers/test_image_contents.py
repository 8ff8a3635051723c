"""What the images hold is enough to run what they are for.

Started with the packages of the image alone, from the files that .dockerignore lets in, with the environment and the
health check of docker-compose.yml. Only Docker and its base image are missing.
"""

import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab.http_probe import probe
from lab.manifest import discover
from lab.paths import REPOSITORY
from lab.ports import url
from tests.machine import free_port
from tests.unit.containers.build_context import copy_build_context
from tests.unit.containers.compose_file import services
from tests.unit.containers.locked_packages import packages_of_an_image

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
SERVICES = services()
MODULES = {service.name: service for service in discover()["chain"].services}


def install(packages: set[str], site: Path) -> None:
    """A folder with the files of these packages and no others, as links to those that are installed here."""
    for name in sorted(packages):
        for file in importlib.metadata.files(name) or ():
            source = Path(str(file.locate()))
            if ".." in file.parts or not source.is_file():
                continue
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source)


def moved_to(folder: str) -> list[str]:
    """What the Dockerfile moves out of the other images."""
    return re.search(rf"&& mv (.+) /{folder}/", (REPOSITORY / "Dockerfile").read_text())[1].split()


ONLY_FOR_THE_WORKBENCH = moved_to("workbench")
ONLY_FOR_THE_EXCHANGE = moved_to("exchange")


class Image:
    def __init__(self, root: Path, groups: tuple[str, ...] = (), only: Sequence[str] = ()) -> None:
        """`only`: what is copied of the build context; without it, what the Dockerfile leaves in the other images."""
        self.site = root / "site"
        self.app = root / "app"
        install(set(packages_of_an_image(PYTHON, groups)), self.site)
        copy_build_context(self.app)
        for path in self.app.iterdir():
            elsewhere = (*ONLY_FOR_THE_WORKBENCH, *ONLY_FOR_THE_EXCHANGE)
            if path.name not in only if only else path.name in elsewhere:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def start(self, *words: str, **variables: str) -> "subprocess.Popen[str]":
        # -S: without the packages of this environment.
        return subprocess.Popen(
            [sys.executable, "-S", *words],
            cwd=self.app,
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": f"{self.site}:{self.app}",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUNBUFFERED": "1",
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, **variables: str) -> tuple[int, str]:
        process = self.start(*words, **variables)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return Image(tmp_path_factory.mktemp("service"))


def environment_of(container: str, **instead: str) -> dict[str, str]:
    """What docker-compose.yml tells it; nothing outside is set, so what is only passed on is not there."""
    told = {name: value for name, value in SERVICES[container]["environment"].items() if value is not None}
    return {**told, **instead}


@pytest.mark.parametrize("container", [*MODULES, "alert-inbox"])
def test_a_container_serves_passes_its_health_check_and_ends_when_asked(image, container, tmp_path):
    port = free_port()
    # Nobody takes its telemetry: that must not keep it from serving.
    nowhere = {"LOKI_URL": url(1), "OTEL_EXPORTER_OTLP_ENDPOINT": url(1)}
    own = {"SERVICE_PORT": str(port), "ALERT_INBOX_PORT": str(port), "ALERT_INBOX_FILE": str(tmp_path / "alerts.jsonl")}
    command = SERVICES[container]["command"]
    process = image.start("-m", *command, **environment_of(container, TRAFFIC_RPS="0", **nowhere, **own))
    try:
        check = [
            word.replace(SERVICES[container]["ports"][0].split(":")[2], str(port)) for word in health_check(container)
        ]
        deadline = time.monotonic() + 30
        while not probe(check[-1], 1.0).ok:
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.05)
        assert image.run(*check[1:]) == (0, "")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
        assert process.returncode == 0, output
        assert image.run(*check[1:])[0] == 1
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def health_check(container: str) -> list[str]:
    kind, *words = SERVICES[container]["healthcheck"]["test"]
    assert (kind, words[0]) == ("CMD", "python")
    return words


def test_packages_that_are_not_in_the_image_cannot_be_imported(image):
    code, output = image.run("-c", "import flask, granian; import psutil")

    assert code == 1
    assert "ModuleNotFoundError: No module named 'psutil'" in output


def test_nothing_but_code_is_in_the_image(image):
    assert {path.name for path in image.app.iterdir()} == {
        *{service.module for service in MODULES.values()},
        *{"alert_inbox", "feature_flags", "loadtest", "observability", "pyproject.toml", "uv.lock"},
    }
    assert not (image.app / "observability" / "prometheus").exists()


def test_the_workbenchs_image_serves_its_pages_and_passes_its_health_check(tmp_path):
    image = Image(
        tmp_path, ("workbench",), only=("observability", "pyproject.toml", *ONLY_FOR_THE_WORKBENCH, "systems")
    )
    # Of the systems it has the manifests, and what there is to ask.
    for path in (image.app / "systems").rglob("*"):
        if path.is_file() and path.name not in ("manifest.toml", "questions.yaml"):
            path.unlink()
    port = free_port()
    environment = environment_of("workbench", WORKBENCH_PORT=str(port))
    process = image.start("-m", "workbench", **environment)
    try:
        check = [word.replace("8000", str(port)) for word in health_check("workbench")]
        deadline = time.monotonic() + 30
        while not probe(check[-1], 1.0).ok:
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.05)
        assert image.run(*check[1:]) == (0, "")
        lab = json.loads(probe(url(port, "/api/lab")).body)
        assert [system["name"] for system in lab["systems"]] == ["chain"]
        assert {question["system"] for question in lab["questions"]} == {"chain", ""}
        assert {dashboard["uid"] for dashboard in lab["dashboards"]} >= {"chain-overview", "loadtest"}
        assert probe(url(port, "/dashboards/chain-overview")).ok
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
        assert (process.returncode, output) == (0, "")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_load_tests_image_knows_its_users(tmp_path):
    image = Image(tmp_path, ("loadtest",))
    [files] = [word for word in SERVICES["locust-master"]["command"] if word.startswith("--locustfile=")]

    code, output = image.run("-m", "locust", files, "--list", HOME=os.fspath(tmp_path))

    assert code == 0, output
    assert "BrowsingVisitor" in output
