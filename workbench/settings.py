"""What can be set on the workbench, by environment variable: one table, read once."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: What Grafana is given, too.
OWN_DASHBOARDS = Path(__file__).parents[1] / "grafana/dashboards"

_HIGHEST_PORT = 65535
_HOST_NAME = re.compile(r"[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\]")
#: Systems, services and stacks are called so.
_NAME = re.compile(r"[A-Za-z0-9_-]+")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _HIGHEST_PORT):
        raise ValueError(f"give a number from 1 to {_HIGHEST_PORT}")
    return int(text)


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number <= 3600:
        raise ValueError("give a number of seconds above 0, at most 3600")
    return number


def _address(text: str) -> str:
    parts = urlsplit(text)
    # `port` raises ValueError by itself when it is none.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or parts.query or parts.fragment:
        raise ValueError("give an address such as http://127.0.0.1:9090")
    if parts.username is not None:
        raise ValueError("an address with a user name in it would show the password to everybody; leave it out")
    return text.rstrip("/")


def _optional(convert: Callable[[str], str]) -> Callable[[str], str | None]:
    return lambda text: convert(text) if text else None


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _names(text: str) -> tuple[str, ...]:
    names = _list(text)
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name; give names separated by commas")
    return names


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("give one name")
    return text


def _hosts(text: str) -> tuple[str, ...]:
    hosts = _list(text)
    for host in hosts:
        if not _HOST_NAME.fullmatch(host):
            raise ValueError(f"{host!r} is no host name; give names without a port, separated by commas")
    return tuple(host.lower() for host in hosts)


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part) for part in _list(text))


def _directory(text: str) -> Path:
    directory = Path(text)
    if not directory.is_dir():
        raise ValueError("give a directory that is there")
    return directory


def _service_urls(text: str) -> dict[str, str]:
    urls = {}
    for part in _list(text):
        name, separator, address = part.partition("=")
        if not separator or not _NAME.fullmatch(name):
            raise ValueError(f"{part!r} is no pair such as frontend=http://127.0.0.1:8001")
        urls[name] = _address(address)
    return urls


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, its default, what it is for, and how its text becomes a value."""

    name: str
    default: str
    help: str
    convert: Callable[[str], Any] = str


#: Every variable, in the order of `Settings`' fields.
SETTINGS = (
    Setting("WORKBENCH_HOST", "127.0.0.1", "address to listen on"),
    Setting("WORKBENCH_PORT", "8000", "port to listen on", _port),
    Setting("WORKBENCH_PROMETHEUS_URL", "http://127.0.0.1:9090", "where the Prometheus API is", _address),
    Setting("WORKBENCH_LOKI_URL", "http://127.0.0.1:3100", "where the Loki API is", _address),
    Setting("WORKBENCH_TEMPO_URL", "http://127.0.0.1:3200", "where the Tempo API is", _address),
    Setting("WORKBENCH_ALERT_INBOX_URL", "", "where notifications of alerts arrive, if anywhere", _optional(_address)),
    Setting("WORKBENCH_GRAFANA_URL", "", "where a browser finds Grafana, if there is one", _optional(_address)),
    Setting("WORKBENCH_STACK", "embedded", "what the page calls the stack: embedded, native or compose", _name),
    Setting("WORKBENCH_SYSTEMS", "", "systems to show, separated by commas; empty: every one with a manifest", _names),
    Setting(
        "WORKBENCH_SERVICE_URLS",
        "",
        "where a browser finds services, as name=address,…; one that is not named is at the port of its manifest",
        _service_urls,
    ),
    Setting(
        "WORKBENCH_ALLOWED_HOSTS",
        "",
        "names, beside those of loopback, under which a browser may ask for the page, separated by commas",
        _hosts,
    ),
    Setting(
        "WORKBENCH_WRITERS",
        "127.0.0.0/8,::1/128",
        "networks from which the page may change something, such as a note; everybody else only looks",
        _networks,
    ),
    Setting(
        "WORKBENCH_DASHBOARDS",
        "",
        "directory with dashboards in Grafana's JSON; empty: the lab's own",
        lambda text: _directory(text) if text else OWN_DASHBOARDS,
    ),
    Setting(
        "WORKBENCH_STATE_DIR",
        "",
        "the lab's state directory, for exercises and faults; empty: the page has neither",
        lambda text: Path(text).absolute() if text else None,
    ),
    Setting("WORKBENCH_QUERY_SECONDS", "30", "how long an API may take to begin its answer", _seconds),
)


@dataclass(frozen=True)
class Settings:
    """The values of `SETTINGS`."""

    host: str
    port: int
    prometheus_url: str
    loki_url: str
    tempo_url: str
    alert_inbox_url: str | None
    grafana_url: str | None
    stack: str
    systems: tuple[str, ...]
    service_urls: Mapping[str, str]
    allowed_hosts: tuple[str, ...]
    writers: tuple[Network, ...]
    dashboards: Path
    state_dir: Path | None
    query_seconds: float


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings; a variable that is not set, or empty, has its default.

    Raises ValueError that names the variable, its text and what was expected."""
    values = {}
    for setting in SETTINGS:
        text = environ.get(setting.name) or setting.default
        try:
            value = setting.convert(text)
        except ValueError as error:
            raise ValueError(f"{setting.name}={text!r} cannot be used: {error} ({setting.help})") from error
        values[setting.name.removeprefix("WORKBENCH_").lower()] = value
    return Settings(**values)
