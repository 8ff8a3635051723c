"""The embedded stack: the systems' services and the telemetry store, all plain processes of this machine."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lab.manifest import Service, System
from lab.paths import StateDirectory
from lab.ports import HOST, LabPorts, shifted, url
from lab.process_spec import ProcessSpec

NAME = "embedded"
STORE = "telemetry_store"

#: Requests per second that `lab up` generates unless told otherwise.
DEFAULT_TRAFFIC_RPS = 2.0
DEFAULT_TRAFFIC_SEED = 1

#: Where cores are short, requests go first: the telemetry of a request may come a little later, but must not slow it.
STORE_NICENESS = 10
SCRAPE_INTERVAL_SECONDS = 5
RETENTION_HOURS = 24
RETENTION_MEGABYTES = 1024


@dataclass(frozen=True)
class EmbeddedStack:
    """Everything that a run is made of, as chosen on the command line."""

    systems: Sequence[System]
    directory: StateDirectory
    port_offset: int = 0
    #: 0 switches generated traffic off.
    traffic_rps: float = DEFAULT_TRAFFIC_RPS
    traffic_seed: int = DEFAULT_TRAFFIC_SEED
    #: Worker processes of each service; None leaves the choice to the service.
    workers: int | None = None

    @property
    def ports(self) -> LabPorts:
        return LabPorts().shifted(self.port_offset)

    @property
    def backends(self) -> dict[str, str]:
        """Name of each API -> its base address."""
        return {
            "prometheus": url(self.ports.prometheus),
            "loki": url(self.ports.loki),
            "tempo": url(self.ports.tempo),
            "otlp_http": url(self.ports.otlp_http),
        }

    def processes(self) -> list[ProcessSpec]:
        """The store, then every service. Raises ValueError when the offset leads to impossible ports."""
        return [self._store(), *(self._service(system, service) for system, service in self._services())]

    def targets(self) -> list[dict[str, Any]]:
        """What to scrape, in the form of Prometheus' file_sd."""
        targets = [
            {
                "targets": [f"{HOST}:{self._port(service)}"],
                "labels": {"job": system.name, "service": service.name},
            }
            for system, service in self._services()
        ]
        targets.append({"targets": [f"{HOST}:{self.ports.prometheus}"], "labels": {"job": STORE, "service": STORE}})
        return targets

    def _services(self) -> list[tuple[System, Service]]:
        return [(system, service) for system in self.systems for service in system.in_start_order()]

    def _port(self, service: Service) -> int:
        return shifted(service.port, self.port_offset)

    def _store(self) -> ProcessSpec:
        ports = self.ports
        options = {
            "--host": HOST,
            "--prometheus-port": ports.prometheus,
            "--loki-port": ports.loki,
            "--tempo-port": ports.tempo,
            "--otlp-port": ports.otlp_http,
            "--data-dir": self.directory.data,
            "--targets-file": self.directory.targets_file,
            "--scrape-interval": SCRAPE_INTERVAL_SECONDS,
            "--retention-hours": RETENTION_HOURS,
            "--retention-megabytes": RETENTION_MEGABYTES,
        }
        return ProcessSpec(
            name=STORE,
            role="backend",
            niceness=STORE_NICENESS,
            command=[sys.executable, "-m", STORE, *(str(word) for option in options.items() for word in option)],
            ports=[ports.prometheus, ports.loki, ports.tempo, ports.otlp_http],
            url=url(ports.prometheus),
            health_url=url(ports.prometheus, "/-/healthy"),
            ready_urls=[
                url(ports.prometheus, "/-/ready"),
                url(ports.loki, "/ready"),
                url(ports.tempo, "/ready"),
            ],
        )

    def _service(self, system: System, service: Service) -> ProcessSpec:
        port = self._port(service)
        return ProcessSpec(
            name=service.name,
            role="service",
            system=system.name,
            command=[sys.executable, "-m", service.module],
            environment=self._environment(system, service),
            depends_on=[STORE, *service.depends_on],
            ports=[port],
            url=url(port),
            example_url=url(port, service.example),
            health_url=url(port, service.health),
            ready_urls=[url(port, service.ready)],
        )

    def _environment(self, system: System, service: Service) -> Mapping[str, str]:
        environment = {name: os.environ.get(name, value) for name, value in service.environment.items()}
        environment |= {
            "SERVICE_HOST": HOST,
            "SERVICE_PORT": str(self._port(service)),
            "OTEL_SERVICE_NAME": service.name,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.backends["otlp_http"],
            "LOKI_URL": self.backends["loki"],
            "TRACE_URL_TEMPLATE": f"{self.backends['tempo']}/api/traces/{{trace_id}}",
            "LOGS_URL_TEMPLATE": self.backends["loki"]
            + "/loki/api/v1/query_range?query="
            + quote('{service=~".+"} |= "', safe="")
            + "{trace_id}"
            + quote('"', safe=""),
        }
        for variable, dependency in service.dependency_urls.items():
            environment[variable] = url(self._port(system.service(dependency)))
        if self.workers is not None:
            environment["SERVICE_WORKERS"] = str(self.workers)
            if self.workers > 1:
                # Here and not in a temporary directory, which a service that is killed would leave behind.
                environment["PROMETHEUS_MULTIPROC_DIR"] = str(self.directory.worker_metrics(service.name))
        if service.traffic is not None:
            environment[service.traffic.rps_variable] = f"{self.traffic_rps:g}"
            environment[service.traffic.seed_variable] = str(self.traffic_seed)
        return environment
