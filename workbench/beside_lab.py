"""The lab that this workbench belongs to, for pages that do what `python3 lab` does: where its state is, what runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from lab.paths import StateDirectory
from workbench.settings import Settings


class NoLab(RuntimeError):
    """The workbench cannot reach the lab's own files; the message says what to do instead."""


def state_directory(settings: Settings) -> StateDirectory:
    """Raises NoLab where the workbench runs apart from `python3 lab up`, as in a container."""
    if settings.state_dir is None:
        raise NoLab(
            "This workbench cannot reach the lab's state directory, as in a container. In a terminal everything is "
            "there: python3 lab exercise, python3 lab fault"
        )
    return StateDirectory(settings.state_dir)


def backends(settings: Settings) -> Mapping[str, str]:
    return {"prometheus": settings.prometheus_url, "loki": settings.loki_url, "tempo": settings.tempo_url}


_Content = TypeVar("_Content")

_kept: dict[Path, tuple[object, Any]] = {}


def kept(folder: Path, read: Callable[[], _Content]) -> _Content:
    """What `read` makes of a folder's files, read again only when one of them has changed: YAML takes its time."""
    seen = sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file())
    before = _kept.get(folder)
    if before is not None and before[0] == seen:
        content: _Content = before[1]
        return content
    content = read()
    _kept[folder] = (seen, content)
    return content
