"""Which targets to scrape: a file in Prometheus' file_sd form, read again whenever it changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..refusals import BadRequest

#: The `job` of targets whose file does not name one.
DEFAULT_JOB = "file_sd"


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


def parse_targets(content: bytes, source: str) -> list[Target]:
    """The targets of a file_sd JSON text. Raises BadRequest that says what is wrong with `source`."""
    try:
        groups = msgspec.json.decode(content, type=list[_Group])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f'{source} is not a list of {{"targets": ["host:port"], "labels": {{…}}}}: {error}') from None
    targets = []
    for group in groups:
        for address in group.targets:
            if not address or "/" in address:
                raise BadRequest(f"{source}: target {address!r} is not of the form host:port")
            scheme = group.labels.get("__scheme__", "http")
            path = group.labels.get("__metrics_path__", "/metrics")
            labels = {"job": DEFAULT_JOB, "instance": address} | group.labels
            targets.append(
                Target(
                    address,
                    f"{scheme}://{address}{path}",
                    tuple(sorted((n, v) for n, v in labels.items() if v and not n.startswith("__"))),
                    tuple(
                        sorted(
                            {"__address__": address, "__metrics_path__": path, "__scheme__": scheme, **labels}.items()
                        )
                    ),
                )
            )
    # Two groups may name one target; one scrape of it is enough.
    return list({(target.url, target.labels): target for target in targets}.values())


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
