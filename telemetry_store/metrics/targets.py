"""Which targets to scrape: files in Prometheus' file_sd form, read again whenever one changes, comes or goes."""

from __future__ import annotations

import glob
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from ..refusals import BadRequest
from ..times import parse_prometheus_duration

logger = logging.getLogger(__name__)

#: The one scrape configuration that the store has: the name of its pool, and the `job` of targets that name none.
SCRAPE_POOL = "file_sd"

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
    #: What its file says of it. Not part of what it is: another file may name the same target.
    discovered: tuple[tuple[str, str], ...] = field(compare=False)
    #: Of this target alone (`__scrape_interval__`, `__scrape_timeout__`); None where the scraper's apply.
    interval_seconds: float | None = None
    timeout_seconds: float | None = None


def parse_targets(content: bytes, source: str) -> list[Target]:
    """The targets of a file_sd JSON text. Raises BadRequest that says what is wrong with `source`."""
    try:
        groups = msgspec.json.decode(content, type=list[_Group])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f'{source} is not a list of {{"targets": ["host:port"], "labels": {{…}}}}: {error}') from None
    return [_target(address, group.labels, source) for group in groups for address in group.targets]


def _target(address: str, own: dict[str, str], source: str) -> Target:
    if not address or "/" in address:
        raise BadRequest(f"{source}: target {address!r} is not of the form host:port")
    discovered = {
        "__address__": address,
        "__metrics_path__": "/metrics",
        "__scheme__": "http",
        "__meta_filepath": source,
        "job": SCRAPE_POOL,
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


@dataclass
class _File:
    """What is known of a file: its state on disk (None: not read), its last good targets, and what is wrong with it."""

    seen: tuple[int, int, int, int] | None = None
    modified: float = 0.0
    targets: Sequence[Target] = ()
    error: str = ""


class TargetFiles:
    """The targets of all files that match patterns. Files may come, go and change; none need exist yet."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self.patterns = tuple(patterns)
        #: How often a file was found that cannot be used.
        self.read_errors = 0
        self._files: dict[str, _File] = {}

    def read(self) -> list[Target]:
        """The targets as of now, each once. A file that cannot be used keeps its last good ones; the log says so."""
        present = {name: self._files.get(name) or _File() for pattern in self.patterns for name in glob.glob(pattern)}
        for name, known in present.items():
            self._look(name, known)
        self._files = present
        # Two groups, or two files, may name one target; one scrape of it is enough.
        return list({target: target for _, file in sorted(present.items()) for target in file.targets}.values())

    def modified(self) -> dict[str, float]:
        """When each file changed last, in unix seconds."""
        return {name: file.modified for name, file in sorted(self._files.items())}

    def _look(self, name: str, file: _File) -> None:
        try:
            status = Path(name).stat()
            seen = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
            if seen == file.seen:
                return
            content = Path(name).read_bytes()
            file.seen, file.modified = seen, status.st_mtime
            file.targets, file.error = parse_targets(content, name), ""
        except FileNotFoundError:
            # Gone since a moment: it is not listed the next time.
            return
        except (OSError, BadRequest) as error:
            if str(error) != file.error:
                file.error = str(error)
                self.read_errors += 1
                logger.warning("%s; its targets stay as they were", error)
