"""The ports of everything that is not a service of a system; those are in systems/*/manifest.toml."""

from dataclasses import dataclass, fields, replace

#: Everything in the lab listens here unless told otherwise.
HOST = "127.0.0.1"

HIGHEST_PORT = 65535


@dataclass(frozen=True)
class LabPorts:
    """The ports that the real servers use by default, so that what is learned here holds elsewhere."""

    prometheus: int = 9090
    loki: int = 3100
    tempo: int = 3200
    otlp_http: int = 4318
    otlp_grpc: int = 4317
    alertmanager: int = 9093
    #: Where Alertmanager delivers; the lab's own.
    alert_inbox: int = 9095
    grafana: int = 3000
    #: The lab's own page.
    workbench: int = 8000
    #: The page of a workshop; no part of a lab, so `--port-offset` does not move it.
    workshop: int = 8010
    jaeger: int = 16686
    locust: int = 8089
    loadtest_metrics: int = 8090
    #: Loki and Tempo talk to themselves over gRPC. Both would take 9095; natively they share one machine.
    loki_grpc: int = 9096
    tempo_grpc: int = 9097

    def shifted(self, offset: int) -> "LabPorts":
        return replace(self, **{field.name: shifted(getattr(self, field.name), offset) for field in fields(self)})


def shifted(port: int, offset: int) -> int:
    """The port moved by `--port-offset`. Raises ValueError when that is no port."""
    moved = port + offset
    if not 1 <= moved <= HIGHEST_PORT:
        raise ValueError(f"port {port} shifted by {offset} is {moved}, which is not between 1 and {HIGHEST_PORT}")
    return moved


def url(port: int, path: str = "") -> str:
    return f"http://{HOST}:{port}{path}"
