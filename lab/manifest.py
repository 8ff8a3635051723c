"""Reads systems/*/manifest.toml: what a system consists of, written once and read by everything that asks.

Checking happens here; starting processes from it happens in lab/stacks/.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lab.paths import SYSTEMS
from lab.ports import HIGHEST_PORT


class ManifestError(ValueError):
    """A manifest that cannot be used; the message names the file, the place and what was expected."""


@dataclass(frozen=True)
class Traffic:
    """Which environment variables steer a service's generated traffic."""

    rps_variable: str
    seed_variable: str
    steady_variable: str


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
    depends_on: tuple[str, ...] = ()
    #: Environment variable -> name of the service whose address it takes.
    dependency_urls: Mapping[str, str] = field(default_factory=dict)
    #: Defaults for this system; the user's own environment wins.
    environment: Mapping[str, str] = field(default_factory=dict)
    traffic: Traffic | None = None


@dataclass(frozen=True)
class System:
    """One system to look into."""

    name: str
    title: str
    #: Where a visitor enters; load tests start here.
    entry_service: str
    services: tuple[Service, ...]
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

    def in_start_order(self) -> tuple[Service, ...]:
        """Every service after those it depends on; otherwise in the manifest's order."""
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
                visit(self.service(dependency))
            visiting.pop()
            ordered[service.name] = service

        for service in self.services:
            visit(service)
        return tuple(ordered.values())


def discover(directory: Path = SYSTEMS) -> dict[str, System]:
    """Every system with a manifest, by name. Raises ManifestError when one cannot be used."""
    systems = [read_manifest(path) for path in sorted(directory.glob("*/manifest.toml"))]
    require_distinct_ports(systems)
    return {system.name: system for system in systems}


def require_distinct_ports(systems: Iterable[System]) -> None:
    """Raises ManifestError when two services, of whichever systems, want the same port."""
    owners: dict[int, str] = {}
    for system in systems:
        for service in system.services:
            owner = f"{system.name}/{service.name}"
            if service.port in owners:
                raise ManifestError(f"port {service.port} is claimed twice: by {owners[service.port]} and by {owner}")
            owners[service.port] = owner


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
    _require_known_keys(System, content, "the manifest")
    tables = _take(content, "services", list, "the manifest", default=[])
    services = tuple(_service(table, position) for position, table in enumerate(tables, start=1))
    if not services:
        raise ManifestError("no services: write at least one [[services]] table")
    system = System(
        name=_take(content, "name", str, "the manifest"),
        title=_take(content, "title", str, "the manifest"),
        entry_service=_take(content, "entry_service", str, "the manifest"),
        services=services,
        loadtest=_take(content, "loadtest", str, "the manifest", default=None),
        dashboards=_strings(content, "dashboards", "the manifest"),
    )
    names = [service.name for service in services]
    for name in names:
        if names.count(name) > 1:
            raise ManifestError(f"service {name} is there twice")
    if system.entry_service not in names:
        raise ManifestError(f"entry_service is {system.entry_service!r}, which is none of: {', '.join(names)}")
    for service in services:
        for dependency in service.depends_on:
            if dependency not in names:
                raise ManifestError(
                    f"service {service.name} depends on {dependency!r}, which is none of: {', '.join(names)}"
                )
        for variable, dependency in service.dependency_urls.items():
            if dependency not in service.depends_on:
                raise ManifestError(
                    f"service {service.name}: dependency_urls.{variable} names {dependency!r}, "
                    "which is not in its depends_on"
                )
    require_distinct_ports([system])
    system.in_start_order()
    return system


def _service(table: Any, position: int) -> Service:
    if not isinstance(table, dict):
        raise ManifestError(f"services[{position}] must be a table, not {table!r}")
    where = f"service {table.get('name', f'number {position}')}"
    _require_known_keys(Service, table, where)
    port = _take(table, "port", int, where)
    if not 1 <= port <= HIGHEST_PORT:
        raise ManifestError(f"{where}: port {port} is not between 1 and {HIGHEST_PORT}")
    paths = {}
    for name in ("health", "ready", "metrics", "example"):
        paths[name] = _take(table, name, str, where, default=getattr(Service, name))
        if not paths[name].startswith("/"):
            raise ManifestError(f"{where}: {name} must begin with '/', not {paths[name]!r}")
    traffic = _take(table, "traffic", dict, where, default=None)
    if traffic is not None:
        _require_known_keys(Traffic, traffic, f"{where}, traffic")
        traffic = Traffic(
            rps_variable=_take(traffic, "rps_variable", str, f"{where}, traffic"),
            seed_variable=_take(traffic, "seed_variable", str, f"{where}, traffic"),
            steady_variable=_take(traffic, "steady_variable", str, f"{where}, traffic"),
        )
    return Service(
        name=_take(table, "name", str, where),
        module=_take(table, "module", str, where),
        port=port,
        depends_on=_strings(table, "depends_on", where),
        dependency_urls=_string_table(table, "dependency_urls", where),
        environment=_string_table(table, "environment", where),
        traffic=traffic,
        **paths,
    )


_MISSING = object()
_KINDS = {str: "a string", int: "a whole number", list: "a list", dict: "a table"}


def _take(table: Mapping[str, Any], key: str, kind: type, where: str, default: Any = _MISSING) -> Any:
    value = table.get(key, default)
    if value is _MISSING:
        raise ManifestError(f"{where}: {key} is missing ({_KINDS[kind]})")
    if value is default:
        return value
    # bool is an int to Python, not to a reader.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ManifestError(f"{where}: {key} must be {_KINDS[kind]}, not {value!r}")
    if value == "":
        raise ManifestError(f"{where}: {key} is empty")
    return value


def _strings(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = _take(table, key, list, where, default=())
    for value in values:
        if not isinstance(value, str):
            raise ManifestError(f"{where}: {key} must be a list of strings, not {values!r}")
    return tuple(values)


def _string_table(table: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    values = _take(table, key, dict, where, default={})
    for name, value in values.items():
        if not isinstance(value, str):
            raise ManifestError(f"{where}: {key}.{name} must be a string, not {value!r}")
    return dict(values)


def _require_known_keys(kind: type, table: Mapping[str, Any], where: str) -> None:
    known = [item.name for item in fields(kind)]
    for key in table:
        if key not in known:
            raise ManifestError(f"{where}: unknown key {key!r}; known are: {', '.join(known)}")
