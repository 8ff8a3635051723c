"""The workbench as a process: the lab's own page, told where the APIs and the services are."""

import sys
from collections.abc import Mapping

from lab.ports import HOST, url
from lab.process_spec import ProcessSpec
from lab.stacks.stack import BACKEND_NICENESS, StackOptions

NAME = "workbench"


def workbench_process(options: StackOptions, stack: str, backends: Mapping[str, str]) -> ProcessSpec:
    """It waits for nobody: what is not there yet, it shows as not there.

    Raises ValueError when the offset leads to impossible ports."""
    port = options.ports.workbench
    environment = {
        "WORKBENCH_HOST": HOST,
        "WORKBENCH_PORT": str(port),
        "WORKBENCH_PROMETHEUS_URL": backends["prometheus"],
        "WORKBENCH_LOKI_URL": backends["loki"],
        "WORKBENCH_TEMPO_URL": backends["tempo"],
        # Empty is none, whatever the lab's own environment says.
        "WORKBENCH_ALERT_INBOX_URL": backends.get("alert_inbox", ""),
        "WORKBENCH_GRAFANA_URL": backends.get("grafana", ""),
        "WORKBENCH_STACK": stack,
        "WORKBENCH_STATE_DIR": str(options.directory.root),
        "WORKBENCH_SYSTEMS": ",".join(system.name for system in options.systems),
        "WORKBENCH_SERVICE_URLS": ",".join(
            f"{service.name}={url(options.service_port(service))}" for _, service in options.services()
        ),
    }
    return ProcessSpec(
        name=NAME,
        role="backend",
        niceness=BACKEND_NICENESS,
        command=[sys.executable, "-m", NAME],
        environment=environment,
        ports=[port],
        url=url(port),
        health_url=url(port, "/health"),
        ready_urls=[url(port, "/ready")],
    )
