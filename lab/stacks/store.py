"""The telemetry store as a process: which APIs it takes, and what it is told."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from lab.ports import HOST, url
from lab.process_spec import ProcessSpec
from lab.stacks.stack import RETENTION_HOURS, SCRAPE_INTERVAL_SECONDS, StackOptions
from lab.stacks.targets import FILE_NAME

NAME = "telemetry_store"

Api = Literal["prometheus", "loki", "tempo"]
ALL_APIS: tuple[Api, ...] = ("prometheus", "loki", "tempo")

#: Where cores are short, requests go first: the telemetry of a request may come a little later, but must not slow it.
NICENESS = 10
RETENTION_MEGABYTES = 1024

_READY_PATHS: dict[Api, str] = {"prometheus": "/-/ready", "loki": "/ready", "tempo": "/ready"}


def store_url(options: StackOptions, apis: Sequence[Api] = ALL_APIS) -> str:
    """Where the store itself is looked at: the first API that it serves."""
    return url(_api_ports(options)[apis[0]])


def store_process(options: StackOptions, apis: Sequence[Api] = ALL_APIS, rule_files: Path | None = None) -> ProcessSpec:
    """Raises ValueError when the offset leads to impossible ports."""
    ports = options.ports
    choices = {
        "--host": HOST,
        "--prometheus-port": ports.prometheus,
        "--loki-port": ports.loki,
        "--tempo-port": ports.tempo,
        "--otlp-port": ports.otlp_http,
        "--data-dir": options.directory.data,
        "--targets-file": options.directory.targets / FILE_NAME,
        "--scrape-interval": SCRAPE_INTERVAL_SECONDS,
        "--retention-hours": RETENTION_HOURS,
        "--retention-megabytes": RETENTION_MEGABYTES,
    }
    if rule_files is not None:
        choices |= {"--rule-files": rule_files, "--evaluation-interval": SCRAPE_INTERVAL_SECONDS}
    api_ports = _api_ports(options)
    health_api = apis[0]
    return ProcessSpec(
        name=NAME,
        role="backend",
        niceness=NICENESS,
        command=[sys.executable, "-m", NAME, *(str(word) for choice in choices.items() for word in choice)],
        ports=[*(api_ports[api] for api in apis), *([ports.otlp_http] if "tempo" in apis else [])],
        url=store_url(options, apis),
        health_url=url(api_ports[health_api], "/-/healthy" if health_api == "prometheus" else "/ready"),
        ready_urls=[url(api_ports[api], _READY_PATHS[api]) for api in apis],
    )


def _api_ports(options: StackOptions) -> dict[Api, int]:
    ports = options.ports
    return {"prometheus": ports.prometheus, "loki": ports.loki, "tempo": ports.tempo}
