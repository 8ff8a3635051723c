"""The Dockerfile: linted, pinned, without root, and in agreement with the files that say the same things."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lab import bootstrap
from lab.manifest import discover
from lab.paths import REPOSITORY
from tests.unit.containers.build_context import let_in

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
IMAGES = ("service", "exchange", "loadtest", "workbench")


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Name of each stage -> its instructions, FROM first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for word, rest in instructions():
        if word == "FROM":
            name = rest.split(" AS ")[1]
            found[name] = []
        if found:
            found[name].append((word, rest))
    return found


def with_its_bases(name: str) -> list[tuple[str, str]]:
    """What a stage is made of, what it starts from included."""
    stage = stages()[name]
    base = stage[0][1].split(" AS ")[0]
    return [*(with_its_bases(base) if base in stages() else []), *stage]


def lint(text: str) -> str:
    hadolint = Path(sys.executable).parent / "hadolint"
    answer = subprocess.run([hadolint, "-"], input=text, capture_output=True, text=True, timeout=60, check=False)
    return answer.stdout + answer.stderr


def test_hadolint_finds_nothing():
    assert lint(DOCKERFILE) == ""


def test_hadolint_finds_what_is_bad():
    assert "DL3007" in lint("FROM debian:latest\n")


def test_every_image_that_is_built_upon_is_pinned_to_the_last_digit():
    python = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)[1]
    bases = {stage[0][1].split(" AS ")[0].replace("${PYTHON_IMAGE}", python) for stage in stages().values()}

    for base in bases - set(stages()):
        assert re.search(r":\d+\.\d+\.\d+(-[a-z-]+)?$", base), base


def test_uv_is_the_version_that_the_lab_fetches():
    assert f"FROM ghcr.io/astral-sh/uv:{bootstrap.UV_VERSION} AS uv" in DOCKERFILE


def test_the_label_says_the_projects_version():
    assert f'org.opencontainers.image.version="{PROJECT["version"]}"' in DOCKERFILE


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_without_root_and_ends_by_sigterm(image):
    parts = with_its_bases(image)

    assert [rest for word, rest in parts if word == "USER"] == ["10001:10001"]
    assert [rest for word, rest in parts if word == "STOPSIGNAL"] == ["SIGTERM"]
    # The shell form would put a shell between Docker's signal and the process.
    assert all(rest.startswith("[") for word, rest in parts if word in ("ENTRYPOINT", "CMD"))


def test_a_plain_build_makes_the_image_of_a_service():
    assert list(stages())[-1] == "service"


def test_what_an_image_needs_gets_in():
    modules = [service.module for system in discover().values() for service in system.services]

    for module in [*modules, "feature_flags", "observability", "alert_inbox", "loadtest"]:
        for file in (REPOSITORY / module.replace(".", "/")).rglob("*.py"):
            assert let_in(file.relative_to(REPOSITORY).as_posix()), file
    assert let_in("frontend_service/templates/home.html")
    assert let_in("uv.lock")
    assert let_in("pyproject.toml")


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".lab/data/metrics.db",
        ".venv/bin/python",
        ".env",
        "lab/commands/up.py",
        "lab/stacks/native.py",
        "grafana/source/panels.py",
        "grafana/provisioning/datasources/lab.yml",
        "telemetry_store/server.py",
        "tests/unit/containers/test_dockerfile.py",
        "observability/prometheus/prometheus.yml",
        "backend_service/__pycache__/app.cpython-311.pyc",
    ],
)
def test_nothing_else_gets_in(path):
    assert not let_in(path)
