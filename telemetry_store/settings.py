"""What the process can be told: one table feeds the command line, its help and the documentation."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .limits import QUERY_SECONDS

#: The APIs that a store can answer.
APIS = ("prometheus", "loki", "tempo")

#: Tempo's own begin at 0.1 s, above what a call between services of one machine takes.
SERVICE_GRAPH_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)


@dataclass(frozen=True)
class Setting:
    """One command-line option: its name, default, meaning, and how its text becomes a value."""

    name: str
    default: Any
    help: str
    convert: Callable[[str], Any] = str

    @property
    def default_as_typed(self) -> str:
        """The default as somebody would type it; empty for none."""
        return _as_typed(self.default)


def _as_typed(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple() | dict():
            return ",".join(_as_typed(each) for each in value)
    return str(value)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port (0 to 65535; 0 takes a free one)")
    return port


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _not_negative(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e12:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 up")
    return number


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text} is neither true nor false")
    return text == "true"


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise argparse.ArgumentTypeError(f"{text} is not an address such as http://localhost:9093")
    return text.rstrip("/")


def _urls(text: str) -> tuple[str, ...]:
    return tuple(_url(part) for part in _list(text))


def _labels(text: str) -> dict[str, str]:
    labels = {}
    for part in _list(text):
        name, separator, value = part.partition("=")
        if not separator or not _LABEL_NAME.fullmatch(name):
            raise argparse.ArgumentTypeError(f"{part} is not a label such as cluster=lab")
        labels[name] = value
    return labels


def _bounds(text: str) -> tuple[float, ...]:
    bounds = tuple(_positive(part) for part in _list(text))
    if not bounds or list(bounds) != sorted(set(bounds)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of rising numbers such as 0.01,0.1,1")
    return bounds


def _apis(text: str) -> tuple[str, ...]:
    names = _list(text)
    if not names or not set(names) <= set(APIS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a choice of {', '.join(APIS)}")
    return tuple(name for name in APIS if name in names)


#: Every option of `python -m telemetry_store`.
SETTINGS = (
    Setting("host", "127.0.0.1", "address to listen on"),
    Setting(
        "apis",
        APIS,
        "the APIs to answer, separated by commas; the ports of the others stay free for real servers. OTLP belongs to "
        "tempo, scraping and rules to prometheus",
        _apis,
    ),
    Setting("prometheus-port", 9090, "port of the Prometheus API; 0 takes a free one", _port),
    Setting("loki-port", 3100, "port of the Loki API", _port),
    Setting("tempo-port", 3200, "port of the Tempo API", _port),
    Setting("otlp-port", 4318, "port of the OTLP/HTTP receiver", _port),
    Setting("data-dir", Path(".lab/data"), "directory of the database files; made when missing", Path),
    Setting(
        "targets-file",
        (),
        "files of scrape targets in Prometheus' file_sd JSON form, as patterns separated by commas, read again when "
        "they change",
        _list,
    ),
    Setting("scrape-interval", 5.0, "seconds between two scrapes of a target", _positive),
    Setting(
        "generated-metrics-interval",
        5.0,
        "seconds between two samples of the metrics made from spans; 0: none are made",
        _not_negative,
    ),
    Setting(
        "generated-metrics-remote-write",
        None,
        "address of Prometheus' remote write that gets the metrics made from spans, such as "
        "http://localhost:9090/api/v1/write; without it they are only for the store's own Prometheus API",
        _url,
    ),
    Setting(
        "service-graph-buckets",
        SERVICE_GRAPH_BUCKETS,
        "upper bounds of the service graph's histograms in seconds, separated by commas; Tempo's "
        "service_graphs.histogram_buckets",
        _bounds,
    ),
    Setting("retention-hours", 24.0, "age at which data is deleted; 0 keeps it for ever", _not_negative),
    Setting(
        "retention-megabytes",
        1024.0,
        "size of the data directory above which the oldest goes; 0: no limit",
        _not_negative,
    ),
    Setting(
        "rule-files",
        (),
        "rule files of Prometheus, as patterns separated by commas, read again when they change",
        _list,
    ),
    Setting("evaluation-interval", 15.0, "seconds between two evaluations of a rule", _positive),
    Setting("alertmanager-url", (), "Alertmanagers that alerts go to, separated by commas", _urls),
    Setting("external-labels", {}, "labels put on alerts that go to Alertmanagers, as name=value,…", _labels),
    Setting("external-url", None, "address under which others reach the Prometheus API, for links in alerts", _url),
    Setting("discover-log-levels", True, "whether lines get a detected_level when they come in", _flag),
    Setting("query-seconds", QUERY_SECONDS, "seconds after which a query is cut off", _positive),
)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options' values. A wrong one ends the process with a message and exit code 2, as argparse does."""
    parser = argparse.ArgumentParser(
        prog="python -m telemetry_store",
        description="The embedded telemetry backend: answers the Prometheus, Loki and Tempo HTTP APIs.",
    )
    for setting in SETTINGS:
        told = f"{setting.help} (default: {setting.default_as_typed or 'none'})".replace("%", "%%")
        parser.add_argument(f"--{setting.name}", default=setting.default, help=told, type=setting.convert)
    return parser.parse_args(arguments)
