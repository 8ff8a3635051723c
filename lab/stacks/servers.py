"""The real servers as processes: their command lines.

What they are told otherwise stands in their configuration files, which lab/stacks/configuration.py renders. By flag
comes only what those cannot say, and the HTTP ports, which differ from lab to lab.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from lab.paths import StateDirectory
from lab.ports import HOST, url
from lab.process_spec import ProcessSpec
from lab.stacks.programs import grafana_home
from lab.stacks.stack import BACKEND_NICENESS, RETENTION_HOURS, RETENTION_MEGABYTES, StackOptions

ALERT_INBOX = "alert_inbox"

#: A first start makes a database and reads its plugins.
GRAFANA_READY_TIMEOUT_SECONDS = 120.0


def prometheus_process(options: StackOptions, program: Path, depends_on: Sequence[str] = ()) -> ProcessSpec:
    """From 2.42 to today's all versions take these flags."""
    port = options.ports.prometheus
    flags = {
        "--config.file": _rendered(options.directory, "observability/prometheus/prometheus.yml"),
        "--storage.tsdb.path": options.directory.data / "prometheus",
        "--storage.tsdb.retention.time": f"{RETENTION_HOURS}h",
        "--storage.tsdb.retention.size": f"{RETENTION_MEGABYTES}MB",
        "--web.listen-address": f"{HOST}:{port}",
        "--web.external-url": url(port),
        # Exemplars lead from a histogram to a trace. In production it is a choice: they take memory.
        "--enable-feature": "exemplar-storage",
    }
    # Tempo, or the store in its place, sends the metrics that it makes from spans.
    switches = ["--web.enable-remote-write-receiver"]
    return _backend("prometheus", [program, *_as_words(flags), *switches], port, "/-/healthy", "/-/ready", depends_on)


def loki_process(options: StackOptions, program: Path) -> ProcessSpec:
    ports = options.ports
    flags = {
        "-config.file": _rendered(options.directory, "observability/loki/loki.yml"),
        "-server.http-listen-port": ports.loki,
        "-server.grpc-listen-port": ports.loki_grpc,
    }
    # It has no liveness check. That it tells its version says that it serves.
    health = "/loki/api/v1/status/buildinfo"
    return _backend("loki", [program, *_as_words(flags)], ports.loki, health, "/ready", other_ports=[ports.loki_grpc])


def tempo_process(options: StackOptions, program: Path, depends_on: Sequence[str] = ()) -> ProcessSpec:
    """Asked to end, it writes its last spans and metrics out and is gone after 2 s. But a Tempo 3.0 that has answered a
    query in the last half minute then waits for ever, for a queue that nothing empties any more. It is killed after
    the usual grace, and has lost nothing: all was written long before."""
    ports = options.ports
    flags = {
        "-config.file": _rendered(options.directory, "observability/tempo/tempo.yml"),
        "-server.http-listen-port": ports.tempo,
        "-server.grpc-listen-port": ports.tempo_grpc,
    }
    return _backend(
        "tempo",
        [program, *_as_words(flags)],
        ports.tempo,
        "/api/echo",
        "/ready",
        depends_on,
        other_ports=[ports.otlp_http, ports.otlp_grpc, ports.tempo_grpc],
    )


def alertmanager_process(options: StackOptions, program: Path) -> ProcessSpec:
    port = options.ports.alertmanager
    flags = {
        "--config.file": _rendered(options.directory, "observability/alertmanager/alertmanager.yml"),
        "--storage.path": options.directory.data / "alertmanager",
        "--web.listen-address": f"{HOST}:{port}",
        "--web.external-url": url(port),
        # It has no peers, and should not look for any.
        "--cluster.listen-address": "",
    }
    command = [program, *_as_words(flags)]
    return _backend("alertmanager", command, port, "/-/healthy", "/-/ready", [ALERT_INBOX])


def alert_inbox_process(options: StackOptions) -> ProcessSpec:
    """Where Alertmanager delivers: a small service of the lab's own."""
    port = options.ports.alert_inbox
    environment = {
        "ALERT_INBOX_HOST": HOST,
        "ALERT_INBOX_PORT": str(port),
        "ALERT_INBOX_FILE": str(options.directory.data / "alert_inbox" / "notifications.jsonl"),
    }
    command = [sys.executable, "-m", ALERT_INBOX]
    return _backend(ALERT_INBOX, command, port, "/health", "/ready", environment=environment)


def grafana_process(options: StackOptions, program: Path) -> ProcessSpec:
    """Raises ValueError when its home cannot be found; lab/stacks/programs.py has looked for it before."""
    home = grafana_home(program)
    if home is None:
        raise ValueError(f"{program} has no home")
    directory, port = options.directory, options.ports.grafana
    # One program has the server as a verb, the older one is nothing but the server.
    words = [program] if program.name == "grafana-server" else [program, "server"]
    settings = _rendered(directory, "grafana/grafana.ini")
    data = directory.data / "grafana"
    environment = {
        "GF_SERVER_HTTP_ADDR": HOST,
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_SERVER_ROOT_URL": f"{url(port)}/",
        "GF_PATHS_DATA": str(data),
        "GF_PATHS_LOGS": str(data / "log"),
        "GF_PATHS_PLUGINS": str(data / "plugins"),
        "GF_PATHS_PROVISIONING": str(_rendered(directory, "grafana/provisioning")),
    }
    return _backend(
        "grafana",
        [*words, "--homepath", home, "--config", settings],
        port,
        "/api/health",
        "/api/health",
        environment=environment,
        ready_timeout_seconds=GRAFANA_READY_TIMEOUT_SECONDS,
    )


def _backend(
    name: str,
    command: Sequence[object],
    port: int,
    health: str,
    ready: str,
    depends_on: Sequence[str] = (),
    environment: dict[str, str] | None = None,
    other_ports: Sequence[int] = (),
    ready_timeout_seconds: float | None = None,
) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        role="backend",
        command=[str(word) for word in command],
        environment=environment or {},
        depends_on=depends_on,
        ports=[port, *other_ports],
        url=url(port),
        health_url=url(port, health),
        ready_urls=[url(port, ready)],
        niceness=BACKEND_NICENESS,
        ready_timeout_seconds=ready_timeout_seconds,
    )


def _as_words(flags: dict[str, object]) -> list[str]:
    """`--flag=value`: the one form that all of them take, an empty value included."""
    return [f"{flag}={value}" for flag, value in flags.items()]


def _rendered(directory: StateDirectory, path: str) -> Path:
    return directory.configuration / path
