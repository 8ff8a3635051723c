"""A service's settings: one table of rows, read once from the environment.

The table is the documentation: `--help`-like listings and `docs/` are made from the same rows.
What the settings of one service are stands in that service's `settings.py`, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


def boolean(text: str) -> bool:
    """`true` or `false` in any case, as OpenTelemetry's variables are written. Raises ValueError for anything else."""
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise ValueError("expected true or false")
    return lowered == "true"


def positive_int(text: str) -> int:
    """A whole number of at least 1. Raises ValueError for anything else."""
    number = int(text)
    if number < 1:
        raise ValueError("expected a whole number of at least 1")
    return number


def non_negative_float(text: str) -> float:
    """A finite number of at least 0. Raises ValueError for anything else."""
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError("expected a number of at least 0")
    return number


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, its default, what it is for, and how its text becomes a value."""

    name: str
    default: str
    help: str
    convert: Callable[[str], Any] = str


#: How a service is served: the same rows for every service, but for its own port (see `serving_settings`).
_SERVING = (
    Setting("SERVICE_HOST", "127.0.0.1", "address to listen on"),
    Setting("SERVICE_WORKERS", "1", "worker processes", positive_int),
    Setting("SERVICE_THREADS", "8", "requests a worker handles at the same time", positive_int),
)


def serving_settings(port: int) -> tuple[Setting, ...]:
    """The rows every service shares, with the service's own default port."""
    return (*_SERVING, Setting("SERVICE_PORT", str(port), "port to listen on", positive_int))


def read_settings(settings: Iterable[Setting], environ: Mapping[str, str]) -> dict[str, Any]:
    """The value of each setting: from the environment where it is set and not empty, else the default.

    A variable that is set to the empty string counts as unset, as OpenTelemetry's specification says,
    unless the default itself is not empty and the setting is text: there the empty string means "none".
    Raises ValueError that names the variable, its text and what was expected.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        text = environ.get(setting.name)
        if text is None or (text == "" and setting.convert is not str):
            text = setting.default
        try:
            values[setting.name] = setting.convert(text)
        except ValueError as error:
            raise ValueError(f"{setting.name}={text!r} cannot be used: {error} ({setting.help})") from error
    return values
