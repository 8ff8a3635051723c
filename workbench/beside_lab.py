"""The lab that this workbench belongs to, for pages that do what `python3 lab` does: where its state is, what runs."""

from __future__ import annotations

from collections.abc import Mapping

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
