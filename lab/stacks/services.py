"""The systems' services as plain processes of this machine: how they are started, and what their environment says."""

import os
import sys
from collections.abc import Mapping, Sequence

from lab import explore
from lab.backing.processes import environment_of, is_given
from lab.manifest import Service, System
from lab.ports import HOST, url
from lab.process_spec import ProcessSpec
from lab.stacks.stack import StackOptions
from lab.stacks.targets import Target

#: flagd's own name for where a process finds the flags that it asks.
FLAG_FILE_VARIABLE = "FLAGD_OFFLINE_FLAG_SOURCE_PATH"


def service_processes(
    options: StackOptions, backends: Mapping[str, str], depends_on: Sequence[str]
) -> list[ProcessSpec]:
    """One process a service; each waits for the processes named in `depends_on`, and for the services it calls.

    Raises ValueError when the offset leads to impossible ports."""
    return [
        _process(options, system, service, _environment(options, system, service, backends), depends_on)
        for system, service in options.services()
    ]


def service_targets(options: StackOptions) -> list[Target]:
    """Where the services' metrics are."""
    return [
        Target(f"{HOST}:{options.service_port(service)}", job=system.name, service=service.name)
        for system, service in options.services()
    ]


def _process(
    options: StackOptions,
    system: System,
    service: Service,
    environment: Mapping[str, str],
    depends_on: Sequence[str],
) -> ProcessSpec:
    port = options.service_port(service)
    elsewhere = {one.name for one in system.backing if is_given(one)}
    return ProcessSpec(
        name=service.name,
        role="service",
        system=system.name,
        command=[sys.executable, "-m", service.module],
        environment=environment,
        depends_on=[*depends_on, *(name for name in service.depends_on if name not in elsewhere)],
        ends_before=[one.name for one in system.backing_of(service) if one.name in service.uses and not is_given(one)],
        ports=[port],
        url=url(port),
        example_url=url(port, service.example),
        health_url=url(port, service.health),
        ready_urls=[url(port, service.ready)],
    )


def _environment(
    options: StackOptions, system: System, service: Service, backends: Mapping[str, str]
) -> Mapping[str, str]:
    environment = {name: os.environ.get(name, value) for name, value in service.environment.items()}
    environment |= {
        "SERVICE_HOST": HOST,
        FLAG_FILE_VARIABLE: str(options.directory.flag_file),
        "SERVICE_PORT": str(options.service_port(service)),
        "OTEL_SERVICE_NAME": service.name,
        "OTEL_EXPORTER_OTLP_ENDPOINT": backends["otlp_http"],
        "LOKI_URL": backends["loki"],
        "TRACE_URL_TEMPLATE": explore.trace_link_template(backends),
        "LOGS_URL_TEMPLATE": explore.logs_link_template(backends),
    }
    environment |= environment_of(options, system, service)
    for variable, dependency in service.dependency_urls.items():
        environment[variable] = url(options.service_port(system.service(dependency)))
    if options.workers is not None:
        environment["SERVICE_WORKERS"] = str(options.workers)
        if options.workers > 1:
            # Here and not in a temporary directory, which a service that is killed would leave behind.
            environment["PROMETHEUS_MULTIPROC_DIR"] = str(options.directory.worker_metrics(service.name))
    if service.traffic is not None:
        environment |= options.traffic_environment(service.traffic)
    return environment
