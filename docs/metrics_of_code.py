"""Which metrics the code declares, read from its text: no service has to be started, with its database, to know them.

A metric is a call of `Counter`, `Gauge`, `Histogram` or `Info` with its name, what it says and its labels written out.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.manifest import System
from lab.paths import REPOSITORY

#: Type by what makes it, and what a name in the code lacks of the name in Prometheus.
_TYPES = {"Counter": "counter", "Gauge": "gauge", "Histogram": "histogram", "Info": "info"}
_ENDINGS = {"counter": "_total", "info": "_info"}


@dataclass(frozen=True)
class DeclaredMetric:
    """One metric that services make."""

    name: str
    type: str
    labels: tuple[str, ...]
    #: What it says, as in its HELP line.
    says: str
    #: Where: relative to the repository.
    file: Path

    def series(self) -> Mapping[str, tuple[str, ...]]:
        """The names that Prometheus knows it by, with their labels."""
        if self.type == "histogram":
            return {
                f"{self.name}_bucket": (*self.labels, "le"),
                f"{self.name}_count": self.labels,
                f"{self.name}_sum": self.labels,
            }
        return {self.name: self.labels}


@functools.cache
def metrics_of_folder(folder: Path) -> tuple[DeclaredMetric, ...]:
    """What the modules in a folder of the repository and below it declare, in the order of files and lines."""
    files = sorted((REPOSITORY / folder).rglob("*.py"))
    return tuple(metric for file in files for metric in _declarations(file))


def folder_of(module: str) -> Path:
    return Path(*module.split("."))


def metrics_of_system(system: System) -> tuple[DeclaredMetric, ...]:
    """What its services can have: what they declare, what they share, and what every service has from observability."""
    own = [folder_of(service.module) for service in system.services]
    shared = {folder.parent for folder in own} - {Path()}
    return tuple(metric for folder in (*(shared or own), Path("observability")) for metric in metrics_of_folder(folder))


def _declarations(file: Path) -> Iterator[DeclaredMetric]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TYPES):
            continue
        match [_written(argument) for argument in node.args]:
            case [str(name), str(says), list(labels)]:
                yield _metric(name, _TYPES[node.func.id], tuple(labels), says, file)
            case [str(name), str(says)]:
                yield _metric(name, _TYPES[node.func.id], (), says, file)
            case [str(name), *_]:
                raise ValueError(f"{file}:{node.lineno}: write out what {name} says, and its labels")


def _metric(name: str, type_: str, labels: tuple[str, ...], says: str, file: Path) -> DeclaredMetric:
    ending = _ENDINGS.get(type_, "")
    return DeclaredMetric(name.removesuffix(ending) + ending, type_, labels, says, file.relative_to(REPOSITORY))


def _written(argument: ast.expr) -> object:
    try:
        return ast.literal_eval(argument)
    except ValueError:
        return None
