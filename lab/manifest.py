"""Reads systems/*/manifest.toml: what a system consists of, written once and read by everything that asks.

Checking happens here, and of single tables in lab/manifest_table.py; starting processes from it happens in lab/stacks/.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from lab.manifest_table import ManifestError, require_known_keys, string_table, strings, take
from lab.paths import SYSTEMS
from lab.ports import HIGHEST_PORT

BackingKind = Literal["postgresql", "redis"]

#: What is meant where nobody names a system.
DEFAULT_SYSTEM = "chain"


@dataclass(frozen=True)
class Traffic:
    """Which environment variables steer a service's generated traffic."""

    rps_variable: str
    seed_variable: str
    steady_variable: str


@dataclass(frozen=True)
class Backing:
    """A server that services keep something in. The lab starts it, unless the user's environment names one."""

    name: str
    kind: BackingKind
    port: int
    #: Tells a service the address; set in the user's environment, it names a server that exists already.
    url_variable: str
    #: Holds the password of the server that the lab starts: PostgreSQL has one, Redis asks for none.
    password_variable: str | None = None


@dataclass(frozen=True)
class Service:
    """One process of a system."""

    name: str
    #: Started as `python -m <module>`.
    module: str
    port: int
    #: Liveness: 200 while the process serves at all.
    health: str = "/health"
    #: Readiness: 200 once it can do its work, dependencies included.
    ready: str = "/ready"
    metrics: str = "/metrics"
    #: A path worth opening first.
    example: str = "/"
    #: In which the workbench and the dashboards draw it, such as #6CC0F5: for a dark page, and like no state's.
    colour: str | None = None
    #: Services and backing services that have to be ready before it starts.
    depends_on: tuple[str, ...] = ()
    #: Those that it speaks to as well, but starts without.
    uses: tuple[str, ...] = ()
    #: Environment variable -> name of the service whose address it takes.
    dependency_urls: Mapping[str, str] = field(default_factory=dict)
    #: Defaults for this system; the user's own environment wins.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Environment variables with a secret that the lab makes, unless the user's own environment has it.
    secrets: tuple[str, ...] = ()
    traffic: Traffic | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """Everything that it speaks to, by name."""
        return (*self.depends_on, *self.uses)


@dataclass(frozen=True)
class System:
    """One system to look into."""

    name: str
    title: str
    #: Where a visitor enters; load tests start here.
    entry_service: str
    services: tuple[Service, ...]
    #: The counter of its requests, by status: by it is told how much traffic there is.
    requests_metric: str | None = None
    #: The histogram of how long they take, in seconds.
    durations_metric: str | None = None
    backing: tuple[Backing, ...] = ()
    #: Groups of packages in pyproject.toml that its services need beside those that every service has.
    packages: tuple[str, ...] = ()
    #: A Locust file, relative to the repository.
    loadtest: str | None = None
    #: Dashboards that show this system, by uid.
    dashboards: tuple[str, ...] = ()

    def service(self, name: str) -> Service:
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)

    @property
    def entry(self) -> Service:
        return self.service(self.entry_service)

    def backing_of(self, service: Service) -> tuple[Backing, ...]:
        """What the service keeps something in."""
        return tuple(backing for backing in self.backing if backing.name in service.needs)

    def called_by(self, service: Service) -> tuple[str, ...]:
        """Names of the services that this one calls."""
        return tuple(other.name for other in self.services if other.name in service.needs)

    def in_start_order(self) -> tuple[Service, ...]:
        """Every service after those it depends on; otherwise in the manifest's order."""
        known = {service.name: service for service in self.services}
        ordered: dict[str, Service] = {}
        visiting: list[str] = []

        def visit(service: Service) -> None:
            if service.name in ordered:
                return
            if service.name in visiting:
                cycle = " -> ".join([*visiting[visiting.index(service.name) :], service.name])
                raise ManifestError(f"system {self.name}: services depend on each other in a circle: {cycle}")
            visiting.append(service.name)
            for dependency in service.depends_on:
                if dependency in known:
                    visit(known[dependency])
            visiting.pop()
            ordered[service.name] = service

        for service in self.services:
            visit(service)
        return tuple(ordered.values())


def discover(directory: Path = SYSTEMS) -> dict[str, System]:
    """Every system that can be used, by name. A manifest that somebody is just writing keeps nobody from the others;
    `unusable` says what is wrong with it."""
    return _look_through(directory)[0]


def unusable(directory: Path = SYSTEMS) -> dict[str, str]:
    """Why each of the other systems cannot be used, by folder."""
    return _look_through(directory)[1]


def find(name: str, directory: Path = SYSTEMS) -> System:
    """The system of this name. Raises ManifestError, with the reason for one that cannot be used."""
    usable, problems = _look_through(directory)
    if name not in usable:
        known = f"there is no system {name!r}; known are: {', '.join(usable)}"
        raise ManifestError(problems.get(name, known))
    return usable[name]


def _look_through(directory: Path) -> tuple[dict[str, System], dict[str, str]]:
    usable: dict[str, System] = {}
    problems: dict[str, str] = {}
    for path in sorted(directory.glob("*/manifest.toml")):
        try:
            system = read_manifest(path)
            require_distinct([*usable.values(), system])
        except ManifestError as error:
            problems[path.parent.name] = str(error)
        else:
            usable[system.name] = system
    return usable, problems


def require_distinct(systems: Iterable[System]) -> None:
    """Raises ManifestError when two processes, of whichever systems, want the same port or the same name."""
    ports: dict[int, str] = {}
    names: dict[str, str] = {}
    for system in systems:
        processes: tuple[Backing | Service, ...] = (*system.backing, *system.services)
        for process in processes:
            owner = f"{system.name}/{process.name}"
            if process.port in ports:
                raise ManifestError(f"port {process.port} is claimed twice: by {ports[process.port]} and by {owner}")
            if process.name in names:
                raise ManifestError(f"{process.name} is there twice: in {names[process.name]} and in {system.name}")
            ports[process.port] = owner
            names[process.name] = system.name


def read_manifest(path: Path) -> System:
    """Reads and checks one manifest. Raises ManifestError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: not valid TOML: {error}") from error
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        system = _system(content)
        if system.name != path.parent.name:
            raise ManifestError(f"name is {system.name!r}, but the folder is called {path.parent.name!r}")
    except ManifestError as error:
        raise ManifestError(f"{path}: {error}") from None
    return system


def _system(content: dict[str, Any]) -> System:
    where = "the manifest"
    require_known_keys(System, content, where)
    backing = tuple(
        _backing(table, position)
        for position, table in enumerate(take(content, "backing", list, where, default=[]), start=1)
    )
    services = tuple(
        _service(table, position)
        for position, table in enumerate(take(content, "services", list, where, default=[]), start=1)
    )
    if not services:
        raise ManifestError("no services: write at least one [[services]] table")
    system = System(
        name=take(content, "name", str, where),
        title=take(content, "title", str, where),
        entry_service=take(content, "entry_service", str, where),
        requests_metric=take(content, "requests_metric", str, where, default=None),
        durations_metric=take(content, "durations_metric", str, where, default=None),
        services=services,
        backing=backing,
        packages=strings(content, "packages", where),
        loadtest=take(content, "loadtest", str, where, default=None),
        dashboards=strings(content, "dashboards", where),
    )
    require_distinct([system])
    names = [service.name for service in services]
    if system.entry_service not in names:
        raise ManifestError(f"entry_service is {system.entry_service!r}, which is none of: {', '.join(names)}")
    for service in services:
        _require_known_names(service, names, [one.name for one in backing])
    system.in_start_order()
    return system


def _require_known_names(service: Service, services: Sequence[str], backing: Sequence[str]) -> None:
    known = [*services, *backing]
    for verb, names in (("depends on", service.depends_on), ("uses", service.uses)):
        for name in names:
            if name not in known:
                raise ManifestError(f"service {service.name} {verb} {name!r}, which is none of: {', '.join(known)}")
    for variable, name in service.dependency_urls.items():
        if name not in service.needs or name not in services:
            raise ManifestError(
                f"service {service.name}: dependency_urls.{variable} names {name!r}, "
                "which is no service in its depends_on or uses"
            )


def _backing(table: Any, position: int) -> Backing:
    where = _where("backing", table, position)
    require_known_keys(Backing, table, where)
    kind = take(table, "kind", str, where)
    if kind not in get_args(BackingKind):
        raise ManifestError(f"{where}: kind must be one of {', '.join(get_args(BackingKind))}, not {kind!r}")
    password_variable = take(table, "password_variable", str, where, default=None)
    if (kind == "postgresql") != (password_variable is not None):
        raise ManifestError(f"{where}: password_variable belongs to postgresql, and to no other kind")
    return Backing(
        name=take(table, "name", str, where),
        kind=kind,
        port=_port(table, where),
        url_variable=take(table, "url_variable", str, where),
        password_variable=password_variable,
    )


def _service(table: Any, position: int) -> Service:
    where = _where("service", table, position)
    require_known_keys(Service, table, where)
    paths = {}
    for name in ("health", "ready", "metrics", "example"):
        paths[name] = take(table, name, str, where, default=getattr(Service, name))
        if not paths[name].startswith("/"):
            raise ManifestError(f"{where}: {name} must begin with '/', not {paths[name]!r}")
    traffic = take(table, "traffic", dict, where, default=None)
    if traffic is not None:
        require_known_keys(Traffic, traffic, f"{where}, traffic")
        traffic = Traffic(
            rps_variable=take(traffic, "rps_variable", str, f"{where}, traffic"),
            seed_variable=take(traffic, "seed_variable", str, f"{where}, traffic"),
            steady_variable=take(traffic, "steady_variable", str, f"{where}, traffic"),
        )
    return Service(
        name=take(table, "name", str, where),
        module=take(table, "module", str, where),
        port=_port(table, where),
        colour=_colour(table, where),
        depends_on=strings(table, "depends_on", where),
        uses=strings(table, "uses", where),
        dependency_urls=string_table(table, "dependency_urls", where),
        environment=string_table(table, "environment", where),
        secrets=strings(table, "secrets", where),
        traffic=traffic,
        **paths,
    )


def _where(kind: str, table: Any, position: int) -> str:
    if not isinstance(table, dict):
        raise ManifestError(f"{kind} number {position} must be a table, not {table!r}")
    return f"{kind} {table.get('name', f'number {position}')}"


def _colour(table: Mapping[str, Any], where: str) -> str | None:
    colour: str | None = take(table, "colour", str, where, default=None)
    if colour is not None and not re.fullmatch(r"#[0-9A-F]{6}", colour):
        raise ManifestError(f"{where}: colour must be like #6CC0F5, not {colour!r}")
    return colour


def _port(table: Mapping[str, Any], where: str) -> int:
    port = take(table, "port", int, where)
    if not 1 <= port <= HIGHEST_PORT:
        raise ManifestError(f"{where}: port {port} is not between 1 and {HIGHEST_PORT}")
    return int(port)
