"""The telemetry store as a process: which APIs it takes, and what it is told."""

import glob
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from lab.ports import HOST, url
from lab.process_spec import ProcessSpec
from lab.stacks.stack import (
    BACKEND_NICENESS,
    RETENTION_HOURS,
    RETENTION_MEGABYTES,
    SCRAPE_INTERVAL_SECONDS,
    StackOptions,
)

NAME = "telemetry_store"

Api = Literal["prometheus", "loki", "tempo"]
ALL_APIS: tuple[Api, ...] = ("prometheus", "loki", "tempo")

_READY_PATHS: dict[Api, str] = {"prometheus": "/-/ready", "loki": "/ready", "tempo": "/ready"}


def store_url(options: StackOptions, apis: Sequence[Api] = ALL_APIS) -> str:
    """Where the store itself is looked at, its own metrics included: the first API that it serves."""
    return url(_api_ports(options)[apis[0]])


def store_process(
    options: StackOptions,
    apis: Sequence[Api] = ALL_APIS,
    rule_files: Path | None = None,
    depends_on: Sequence[str] = (),
    more: Mapping[str, str] | None = None,
) -> ProcessSpec:
    """`rule_files` is the folder with the rules to evaluate; `more` are further options of the store.

    Raises ValueError when the offset leads to impossible ports."""
    ports = options.ports
    choices = {
        "--host": HOST,
        "--apis": ",".join(apis),
        "--prometheus-port": ports.prometheus,
        "--loki-port": ports.loki,
        "--tempo-port": ports.tempo,
        "--otlp-port": ports.otlp_http,
        "--data-dir": options.directory.data,
        "--targets-file": _every(options.directory.targets, "*.json"),
        "--scrape-interval": SCRAPE_INTERVAL_SECONDS,
        "--retention-hours": RETENTION_HOURS,
        "--retention-megabytes": RETENTION_MEGABYTES,
    }
    if rule_files is not None:
        choices |= {"--rule-files": _every(rule_files, "*.yml"), "--evaluation-interval": SCRAPE_INTERVAL_SECONDS}
    choices |= more or {}
    api_ports = _api_ports(options)
    return ProcessSpec(
        name=NAME,
        role="backend",
        niceness=BACKEND_NICENESS,
        command=[sys.executable, "-m", NAME, *(str(word) for choice in choices.items() for word in choice)],
        depends_on=depends_on,
        ports=[*(api_ports[api] for api in apis), *([ports.otlp_http] if "tempo" in apis else [])],
        url=store_url(options, apis),
        health_url=store_url(options, apis) + ("/-/healthy" if apis[0] == "prometheus" else "/ready"),
        ready_urls=[url(api_ports[api], _READY_PATHS[api]) for api in apis],
    )


def _api_ports(options: StackOptions) -> dict[Api, int]:
    ports = options.ports
    return {"prometheus": ports.prometheus, "loki": ports.loki, "tempo": ports.tempo}


def _every(folder: Path, pattern: str) -> str:
    # The store takes patterns separated by commas: a comma in the path itself is matched as any character.
    return f"{glob.escape(str(folder)).replace(',', '?')}/{pattern}"
