"""Docker on this machine: its client, its Compose, its engine, and what to do about each that is not there."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from lab.stacks.asking import ask
from lab.stacks.stack import StackUnavailable

#: `start_interval` of health checks needs both.
OLDEST_ENGINE = (25, 0)
OLDEST_COMPOSE = (2, 24)

_ANSWER_SECONDS = 20.0
_WITHOUT_DOCKER = "Without Docker: `python3 lab up` needs nothing but Python"


@dataclass(frozen=True)
class Docker:
    """A Docker that can run the compose stack."""

    #: The words that begin every command of Compose: `docker compose`, or a program of its own.
    compose: tuple[str, ...]
    #: CPUs that containers may use together.
    cpus: int


def find_docker() -> Docker:
    """Asks client, Compose and engine. Raises StackUnavailable that names the first that is missing or too old."""
    client = shutil.which("docker")
    if client is None:
        raise StackUnavailable(
            "docker is not on PATH. Install Docker Engine (https://docs.docker.com/engine/install/) or Docker Desktop. "
            + _WITHOUT_DOCKER
        )
    return Docker(_find_compose(client), _ask_engine(client))


def _find_compose(client: str) -> tuple[str, ...]:
    own_program = shutil.which("docker-compose")
    candidates = [(client, "compose"), *([(own_program,)] if own_program else [])]
    versions = [(command, _compose_version(command)) for command in candidates]
    for command, version in versions:
        if version >= OLDEST_COMPOSE:
            return command
    known = [(command, version) for command, version in versions if version]
    needed = ".".join(map(str, OLDEST_COMPOSE))
    if known:
        command, version = known[0]
        raise StackUnavailable(
            f"`{' '.join(command)}` is version {'.'.join(map(str, version))}, and the lab needs {needed} or later. "
            "How to update it: https://docs.docker.com/compose/install/"
        )
    raise StackUnavailable(
        "docker has no compose plugin. Install docker-compose-plugin (Docker's own packages) or docker-compose-v2 "
        f"(Ubuntu's), {needed} or later: https://docs.docker.com/compose/install/. " + _WITHOUT_DOCKER
    )


def _compose_version(command: Sequence[str]) -> tuple[int, ...]:
    answer = ask([*command, "version", "--short"], _ANSWER_SECONDS)
    found = re.match(r"v?(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if answer.returncode == 0 and found else ()


def _ask_engine(client: str) -> int:
    """How many CPUs it has."""
    answer = ask([client, "info", "--format", "{{.ServerVersion}} {{.NCPU}}"], _ANSWER_SECONDS)
    found = re.match(r"(\d+)\.(\d+)\S* (\d+)", answer.stdout)
    if answer.returncode != 0 or not found:
        # The client's own sentence names the socket or host that it tried.
        said = next(iter(answer.stderr.strip().splitlines()), "no answer")
        if "permission denied" in said:
            advice = "Let your user talk to it: sudo usermod -aG docker $USER, then sign in again"
        else:
            advice = "Start it: sudo systemctl start docker, or open Docker Desktop"
        raise StackUnavailable(f"Docker's engine does not answer ({said}). {advice}. {_WITHOUT_DOCKER}")
    version = (int(found[1]), int(found[2]))
    if version < OLDEST_ENGINE:
        raise StackUnavailable(
            f"Docker's engine is version {version[0]}.{version[1]}, and the lab needs {OLDEST_ENGINE[0]} or later. "
            "How to update it: https://docs.docker.com/engine/install/"
        )
    return int(found[3])
