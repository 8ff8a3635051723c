"""Which targets to scrape: a file in Prometheus' file_sd form, read again whenever it changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from ..refusals import BadRequest
from ..times import parse_prometheus_duration

#: The `job` of targets whose file does not name one.
DEFAULT_JOB = "file_sd"


_PORTS = {"http": 80, "https": 443}
_WITHOUT_PORT = re.compile(r"[^:]+|\[.*\]")


class _Group(msgspec.Struct):
    targets: list[str]
    labels: dict[str, str] = {}


@dataclass(frozen=True)
class Target:
    """A place to scrape, and the labels that go onto all its samples (`job` and `instance` among them)."""

    address: str
    url: str
    labels: tuple[tuple[str, str], ...]
    discovered: tuple[tuple[str, str], ...]
    #: Of this target alone (`__scrape_interval__`, `__scrape_timeout__`); None where the scraper's apply.
    interval_seconds: float | None = None
    timeout_seconds: float | None = None


def parse_targets(content: bytes, source: str) -> list[Target]:
    """The targets of a file_sd JSON text. Raises BadRequest that says what is wrong with `source`."""
    try:
        groups = msgspec.json.decode(content, type=list[_Group])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f'{source} is not a list of {{"targets": ["host:port"], "labels": {{…}}}}: {error}') from None
    targets = [_target(address, group.labels, source) for group in groups for address in group.targets]
    # Two groups may name one target; one scrape of it is enough.
    return list({(target.url, target.labels): target for target in targets}.values())


def _target(address: str, own: dict[str, str], source: str) -> Target:
    if not address or "/" in address:
        raise BadRequest(f"{source}: target {address!r} is not of the form host:port")
    discovered = {
        "__address__": address,
        "__metrics_path__": "/metrics",
        "__scheme__": "http",
        "__meta_filepath": source,
        "job": DEFAULT_JOB,
        **{name: value for name, value in own.items() if value},
    }
    scheme, path = discovered["__scheme__"], discovered["__metrics_path__"]
    if _WITHOUT_PORT.fullmatch(address):
        address = f"{address}:{_PORTS.get(scheme, 80)}"
    parameters = {name.removeprefix("__param_"): v for name, v in discovered.items() if name.startswith("__param_")}
    labels = {"instance": address, **discovered}
    return Target(
        address,
        f"{scheme}://{address}{path}" + (f"?{urlencode(sorted(parameters.items()))}" if parameters else ""),
        tuple(sorted((name, value) for name, value in labels.items() if not name.startswith("__"))),
        tuple(sorted(discovered.items())),
        _seconds(discovered, "__scrape_interval__", source),
        _seconds(discovered, "__scrape_timeout__", source),
    )


def _seconds(labels: dict[str, str], name: str, source: str) -> float | None:
    text = labels.get(name)
    if text is None:
        return None
    milliseconds = parse_prometheus_duration(text)
    if not milliseconds:
        raise BadRequest(f'{source}: {name}: not a valid duration string: "{text}"')
    return milliseconds / 1000


def format_prometheus_duration(seconds: float) -> str:
    """The duration as Prometheus writes it: `5s`, `1m30s`, `200ms`."""
    rest = round(seconds * 1000)
    text = ""
    for unit, milliseconds in (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        count, rest = divmod(rest, milliseconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


class TargetsFile:
    """The targets of a file that may change or not exist yet."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._targets: list[Target] = []
        #: What was wrong with the file at the last look; the last good targets stay in force.
        self.error: str | None = None

    def read(self) -> list[Target]:
        """The targets as of now."""
        if self._path is None:
            return []
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen != self._seen:
                self._targets = parse_targets(self._path.read_bytes(), str(self._path))
                self._seen, self.error = seen, None
        except FileNotFoundError:
            self._targets, self._seen, self.error = [], None, None
        except (OSError, BadRequest) as error:
            self.error = str(error)
        return self._targets
