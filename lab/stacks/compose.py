"""The compose stack: everything in containers, as docker-compose.yml describes them.

Docker starts and restarts the containers. What the lab starts is one process that keeps `docker compose up` running
(lab/stacks/compose_runner.py); the containers themselves it only watches, at their published addresses.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from lab.paths import REPOSITORY, StateDirectory
from lab.ports import HOST, url
from lab.process_spec import ProcessSpec
from lab.secrets import Secrets, place_of
from lab.stacks import configuration, container_targets
from lab.stacks.compose_files import MAIN_FILE, own_file
from lab.stacks.docker import Docker, find_docker
from lab.stacks.stack import Stack, StackOptions, StackUnavailable

#: What keeps the containers running, as `status` and `logs` call it.
RUNNER = "compose"
#: `lab up --profile`; docker-compose.yml has these two, and one for both.
PROFILES = ("jaeger", "load")
_BOTH_PROFILES = "all"

#: Seven containers wait for each other in a row, and Grafana's first start makes a database.
_READY_TIMEOUT_SECONDS = 300.0
#: More than the longest stop_grace_period in docker-compose.yml.
_STOP_GRACE_SECONDS = 60.0


@dataclass(frozen=True)
class Container:
    """A container that is no service of a system, and where it can be asked how it is."""

    name: str
    #: Its published ports, as lab/ports.py calls them; the first is the one to ask. With none, nobody asks.
    ports: tuple[str, ...] = ()
    health: str = "/"
    ready: str = "/"
    profile: str | None = None


CONTAINERS = (
    Container("alert-inbox", ("alert_inbox",), "/health", "/ready"),
    Container("alertmanager", ("alertmanager",), "/-/healthy", "/-/ready"),
    Container("prometheus", ("prometheus",), "/-/healthy", "/-/ready"),
    Container("loki", ("loki",), "/loki/api/v1/status/buildinfo", "/ready"),
    Container("tempo", ("tempo", "otlp_http", "otlp_grpc"), "/api/echo", "/ready"),
    Container("grafana", ("grafana",), "/api/health", "/api/health"),
    Container("workbench", ("workbench",), "/health", "/ready"),
    Container("jaeger", ("jaeger",), profile="jaeger"),
    Container("locust-master", ("locust",), profile="load"),
    Container("locust-worker", profile="load"),
)


class ComposeStack(Stack):
    """Docker containers, of this lab alone: project, ports and configuration are its own."""

    name: ClassVar[str] = "compose"

    def __init__(self, options: StackOptions) -> None:
        super().__init__(options)
        self._docker = find_docker()
        own = (own_file(system) for system in options.systems)
        self._compose = _compose_command(self._docker, options.directory, [path for path in own if path])

    @property
    def backends(self) -> dict[str, str]:
        ports = self.options.ports
        names = ["workbench", "grafana", "prometheus", "loki", "tempo", "otlp_http", "alertmanager", "alert_inbox"]
        names += [name for name, profile in (("jaeger", "jaeger"), ("locust", "load")) if profile in self._profiles]
        return {name: url(getattr(ports, name)) for name in names}

    def processes(self) -> list[ProcessSpec]:
        watched = self._watched()
        runner = ProcessSpec(
            name=RUNNER,
            role="backend",
            command=[
                *[sys.executable, "-m", "lab.stacks.compose_runner", str(self.options.directory.root)],
                *[",".join(spec.name for spec in watched), *self._compose],
            ],
            environment=self._environment(),
            # Were it ready as soon as it runs, nobody would notice that it ends because a container does not come up.
            ready_urls=[ready for spec in watched for ready in spec.ready_urls],
            ready_timeout_seconds=_READY_TIMEOUT_SECONDS,
            stop_grace_seconds=_STOP_GRACE_SECONDS,
        )
        return [runner, *watched]

    def prepare(self) -> None:
        """Renders the configuration, then fetches and builds the images, with Docker's own display of how far it is.

        Containers that an interrupted lab has left go first: the new ones begin with the new configuration."""
        directory = self.options.directory
        remove_containers(directory)
        configuration.render(directory, configuration.public_addresses(self.options))
        # What is not started is not scraped: it would count as gone.
        targets = container_targets.as_file(container_targets.main_targets(self.options.systems))
        (directory.configuration / configuration.CONTAINER_TARGETS / container_targets.MAIN).write_text(targets)
        _let_containers_read(directory)
        Secrets(directory).make(self._secret_names())
        self._run("pull", "--policy", "missing", "--ignore-buildable", explain="The images could not be fetched")
        self._run("build", explain="The images of the services could not be built")

    def notes(self) -> list[str]:
        notes = ["what containers take is not counted here: docker stats"]
        if "load" not in self._profiles:
            with_both = "lab up --stack compose --profile load"
            notes.append(
                f"containers cannot scrape `lab load`, so what its users see is in no metric; with that: {with_both}"
            )
        return notes

    @property
    def _profiles(self) -> tuple[str, ...]:
        """Of the command line, else of the variable that Compose itself knows."""
        if self.options.profiles:
            return self.options.profiles
        named = os.environ.get("COMPOSE_PROFILES", "").split(",")
        return PROFILES if _BOTH_PROFILES in named else tuple(name for name in PROFILES if name in named)

    def _watched(self) -> list[ProcessSpec]:
        options = self.options
        telemetry = [
            _watch(
                container.name,
                [getattr(options.ports, name) for name in container.ports],
                container.health,
                container.ready,
            )
            for container in self._containers()
        ]
        services = [
            replace(
                _watch(service.name, [options.service_port(service)], service.health, service.ready),
                role="service",
                system=system.name,
                example_url=url(options.service_port(service), service.example),
            )
            for system, service in options.services()
        ]
        backing = [
            replace(_watch_server(one.name, options.shifted(one.port), one.kind), role="backing", system=system.name)
            for system in options.systems
            for one in system.backing
        ]
        watched = [*telemetry, *backing, *services]
        if _container_ids(self._compose):
            # Of an interrupted lab of this very project: `prepare` ends them, so the ports they hold are free in time.
            watched = [replace(spec, ports=()) for spec in watched]
        return watched

    def _containers(self) -> list[Container]:
        return [one for one in CONTAINERS if one.profile is None or one.profile in self._profiles]

    def _environment(self) -> dict[str, str]:
        """What docker-compose.yml asks for, where the lab decides it; the rest is the user's own environment."""
        options = self.options
        environment = {
            "LAB_CONFIG_DIR": str(options.directory.configuration),
            "LAB_FLAGS_DIR": str(options.directory.flag_file.parent),
            "COMPOSE_PROFILES": _BOTH_PROFILES if len(self._profiles) > 1 else "".join(self._profiles),
        }
        for container in CONTAINERS:
            environment |= {f"{name.upper()}_PORT": str(getattr(options.ports, name)) for name in container.ports}
        if any(own_file(system) for system in options.systems):
            environment["WORKBENCH_SYSTEMS"] = ",".join(system.name for system in options.systems)
        environment |= {name: place_of(name) for name in self._secret_names()}
        for system in options.systems:
            environment |= {port_variable(one.name): str(options.shifted(one.port)) for one in system.backing}
        for _, service in options.services():
            environment[port_variable(service.name)] = str(options.service_port(service))
            if service.traffic is not None:
                environment |= options.traffic_environment(service.traffic)
        if options.workers is not None:
            environment["SERVICE_WORKERS"] = str(options.workers)
            environment["SERVICE_CPUS"] = os.environ.get("SERVICE_CPUS") or str(min(options.workers, self._docker.cpus))
            environment["SERVICE_MEMORY"] = os.environ.get("SERVICE_MEMORY") or _memory_for(options.workers)
        return environment

    def _secret_names(self) -> list[str]:
        names = [
            name
            for system in self.options.systems
            for name in (
                *(one.password_variable for one in system.backing),
                *(name for service in system.services for name in service.secrets),
            )
            if name is not None
        ]
        return list(dict.fromkeys(names))

    def _run(self, *words: str, explain: str) -> None:
        completed = subprocess.run(
            [*self._compose, *words],
            cwd=REPOSITORY,
            env={**os.environ, **Secrets(self.options.directory).put_into(self._environment())},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if completed.returncode != 0:
            raise StackUnavailable(
                f"{explain}: Docker says why, above. Without a network that needs images that are there already; "
                "behind a proxy Docker needs to know it: https://docs.docker.com/engine/daemon/proxy/"
            )


def remove_containers(directory: StateDirectory) -> int:
    """Ends and removes what runs of this lab in containers; the volumes stay. Returns how many containers that were.

    Raises StackUnavailable when Docker cannot be asked."""
    command = _compose_command(find_docker(), directory)
    running = _container_ids(command)
    if running:
        subprocess.run([*command, "down", "--remove-orphans"], env=_every_profile(), check=False)
    return len(running)


def port_variable(name: str) -> str:
    """What moves the published port of a service or a backing service."""
    return f"{name.upper().replace('-', '_')}_PORT"


def _compose_command(docker: Docker, directory: StateDirectory, more_files: Sequence[Path] = ()) -> tuple[str, ...]:
    files = [word for path in (MAIN_FILE, *more_files) for word in ("--file", str(path))]
    return (*docker.compose, *files, "--project-name", project_name(directory))


def _container_ids(command: Sequence[str]) -> list[str]:
    """Of everything that runs in the project."""
    answer = subprocess.run(
        [*command, "ps", "--quiet"], env=_every_profile(), capture_output=True, text=True, check=False
    )
    return answer.stdout.split() if answer.returncode == 0 else []


def _every_profile() -> dict[str, str]:
    """Compose leaves the containers of other profiles alone."""
    return {**os.environ, "COMPOSE_PROFILES": _BOTH_PROFILES}


def project_name(directory: StateDirectory) -> str:
    """One for each state directory, so that two labs have each their own containers, network and volumes."""
    return f"glasshouse-{hashlib.sha256(str(directory.root).encode()).hexdigest()[:8]}"


def _memory_for(workers: int) -> str:
    """A limit that leaves room; docker-compose.yml's own is enough for four."""
    return f"{max(512, 160 + 90 * workers)}M"


def _watch(name: str, ports: Sequence[int], health: str, ready: str) -> ProcessSpec:
    spec = ProcessSpec(name=name, role="backend", depends_on=[RUNNER])
    if not ports:
        return spec
    asked = ports[0]
    return replace(spec, ports=ports, url=url(asked), health_url=url(asked, health), ready_urls=[url(asked, ready)])


def _watch_server(name: str, port: int, scheme: str) -> ProcessSpec:
    """One that is no HTTP server."""
    address = f"{scheme}://{HOST}:{port}"
    spec = _watch(name, (), "", "")
    return replace(spec, ports=[port], url=address, health_url=address, ready_urls=[address])


def _let_containers_read(directory: StateDirectory) -> None:
    """Whatever this user's umask: in a container somebody else reads."""
    for path in (directory.configuration, *directory.configuration.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
