"""What a stack is: the choices made on the command line, turned into processes to start.

A stack says which processes there are and where each API is; starting and watching them is lab/supervisor.py's job.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lab.manifest import Service, System, Traffic
from lab.paths import StateDirectory
from lab.ports import LabPorts, shifted
from lab.process_spec import ProcessSpec

#: Requests per second that `lab up` generates unless told otherwise.
DEFAULT_TRAFFIC_RPS = 2.0
DEFAULT_TRAFFIC_SEED = 1

#: Between two scrapes of a target, and between two evaluations of a rule.
SCRAPE_INTERVAL_SECONDS = 5
RETENTION_HOURS = 24
RETENTION_MEGABYTES = 1024
#: Where cores are short, requests go first: the telemetry of a request may come a little later, but must not slow it.
BACKEND_NICENESS = 10


class StackUnavailable(RuntimeError):
    """This machine cannot start the stack; the message says why, and what to do."""


@dataclass(frozen=True)
class StackOptions:
    """Everything that was chosen on the command line; the same for every stack."""

    systems: Sequence[System]
    directory: StateDirectory
    port_offset: int = 0
    #: 0 switches generated traffic off.
    traffic_rps: float = DEFAULT_TRAFFIC_RPS
    traffic_seed: int = DEFAULT_TRAFFIC_SEED
    #: Without waves and bursts.
    steady_traffic: bool = False
    #: Worker processes of each service; None leaves the choice to the service.
    workers: int | None = None
    #: What runs besides: names of profiles in docker-compose.yml.
    profiles: tuple[str, ...] = ()

    @property
    def ports(self) -> LabPorts:
        """Raises ValueError when the offset leads to impossible ports."""
        return LabPorts().shifted(self.port_offset)

    def services(self) -> list[tuple[System, Service]]:
        """Every service of the chosen systems, each after those it depends on."""
        return [(system, service) for system in self.systems for service in system.in_start_order()]

    def shifted(self, port: int) -> int:
        """A port of a manifest as it is in this lab. Raises ValueError when the offset leads to an impossible one."""
        return shifted(port, self.port_offset)

    def service_port(self, service: Service) -> int:
        return self.shifted(service.port)

    def traffic_environment(self, traffic: Traffic) -> dict[str, str]:
        """What tells a service which traffic to generate."""
        return {
            traffic.rps_variable: f"{self.traffic_rps:g}",
            traffic.seed_variable: str(self.traffic_seed),
            traffic.steady_variable: "true" if self.steady_traffic else "false",
        }


class Stack(ABC):
    """One way to run the systems. Making one touches nothing; `prepare` writes, the supervisor starts."""

    #: What `lab up --stack` calls it.
    name: ClassVar[str]

    def __init__(self, options: StackOptions) -> None:
        """May raise StackUnavailable."""
        self.options = options

    @property
    @abstractmethod
    def backends(self) -> dict[str, str]:
        """API -> base address: prometheus, loki, tempo, otlp_http everywhere; grafana, alertmanager, alert_inbox
        and others only where they run."""

    def packages(self) -> list[str]:
        """Groups of packages in pyproject.toml that have to be installed here before it starts."""
        return []

    @abstractmethod
    def processes(self) -> list[ProcessSpec]:
        """Everything to start or to watch. Raises ValueError when the offset leads to impossible ports."""

    def prepare(self) -> None:
        """Writes what the processes read. Called once, under the supervisor's lock, before anything starts.

        Raises StackUnavailable when that cannot be."""
        return

    def announce(self) -> None:
        """Called once everything is ready: says what there is to scrape. What is still starting would count as gone."""
        return

    def notes(self) -> list[str]:
        """What is different from what one may expect, a sentence each; `lab status` shows them."""
        return []
