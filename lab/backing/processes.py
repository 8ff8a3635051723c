"""Which backing services a lab starts, where they are, and what is told of them to services.

One whose address stands in the user's environment exists already: the lab starts none, and services are told that.
"""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Literal

from lab.backing.postgresql import PASSWORD_VARIABLE
from lab.manifest import Backing, Service, System
from lab.ports import HOST
from lab.process_spec import ProcessSpec
from lab.secrets import Secrets, place_of
from lab.stacks.stack import StackOptions

#: The group of packages in pyproject.toml with the servers themselves.
PACKAGES = "backing"

#: A first start makes the files of a database.
_READY_TIMEOUT_SECONDS = 120.0
#: What is in memory is written to disk.
_STOP_GRACE_SECONDS = 20.0


def is_given(backing: Backing) -> bool:
    """Whether the user's environment says where it is."""
    return bool(os.environ.get(backing.url_variable))


def started_by_lab(options: StackOptions) -> list[tuple[System, Backing]]:
    return [(system, one) for system in options.systems for one in system.backing if not is_given(one)]


def packages(options: StackOptions) -> list[str]:
    """Groups of packages that have to be installed before the services and their backing services can start."""
    of_services = {group for system in options.systems for group in system.packages}
    return sorted(of_services | ({PACKAGES} if started_by_lab(options) else set()))


def make_secrets(options: StackOptions) -> None:
    """Everything that the specifications of processes have only a place for."""
    Secrets(options.directory).make(_secret_names(options))


def _secret_names(options: StackOptions) -> Iterator[str]:
    for system in options.systems:
        for backing in system.backing:
            if backing.password_variable and not is_given(backing):
                yield backing.password_variable
        for service in system.services:
            yield from service.secrets


def environment_of(options: StackOptions, system: System, service: Service) -> dict[str, str]:
    """What a service is told of what it keeps things in, and its secrets, each as the place where it is put in."""
    return {
        **{one.url_variable: _url(options, system, one) for one in system.backing_of(service) if not is_given(one)},
        **{name: place_of(name) for name in service.secrets},
    }


def backing_processes(
    options: StackOptions, postgresql_from: Literal["package", "path"] = "package"
) -> list[ProcessSpec]:
    """Raises ValueError when the offset leads to impossible ports."""
    return [_process(options, system, backing, postgresql_from) for system, backing in started_by_lab(options)]


def _process(options: StackOptions, system: System, backing: Backing, postgresql_from: str) -> ProcessSpec:
    port = options.shifted(backing.port)
    words = ["--folder", str(options.directory.data / backing.name), "--port", str(port)]
    environment = {}
    if backing.kind == "postgresql":
        words += ["--database", system.name, "--programs", postgresql_from]
        environment[PASSWORD_VARIABLE] = place_of(_password_variable(backing))
    address = f"{backing.kind}://{HOST}:{port}"
    return ProcessSpec(
        name=backing.name,
        role="backing",
        system=system.name,
        command=[sys.executable, "-m", f"lab.backing.{backing.kind}", *words],
        environment=environment,
        ports=[port],
        url=address,
        health_url=address,
        ready_urls=[address],
        ready_timeout_seconds=_READY_TIMEOUT_SECONDS,
        stop_grace_seconds=_STOP_GRACE_SECONDS,
        # Asked with SIGTERM, PostgreSQL waits for every client to leave.
        stop_signal=signal.SIGINT if backing.kind == "postgresql" else signal.SIGTERM,
    )


def _url(options: StackOptions, system: System, backing: Backing) -> str:
    """With the password's place in it."""
    port = options.shifted(backing.port)
    if backing.kind == "redis":
        return f"redis://{HOST}:{port}"
    password = place_of(_password_variable(backing))
    return f"postgresql://{system.name}:{password}@{HOST}:{port}/{system.name}"


def _password_variable(backing: Backing) -> str:
    if backing.password_variable is None:
        raise AssertionError("the manifest of every PostgreSQL says where its password stands")
    return backing.password_variable
