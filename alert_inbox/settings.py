"""What can be set on the alert inbox, by environment variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Settings:
    """`ALERT_INBOX_HOST`, `ALERT_INBOX_PORT` and `ALERT_INBOX_FILE`."""

    host: str = "127.0.0.1"
    port: int = 9095
    #: Keeps the messages over a restart; made when missing, with its directory.
    file: Path = Path(".lab/alert_inbox.jsonl")


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings; a variable that is not set, or empty, has its default. Raises ValueError that says what to do."""
    port = environ.get("ALERT_INBOX_PORT") or str(Settings.port)
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= _HIGHEST_PORT):
        raise ValueError(f"ALERT_INBOX_PORT={port!r} is not a port: give a number from 1 to {_HIGHEST_PORT}")
    return Settings(
        environ.get("ALERT_INBOX_HOST") or Settings.host,
        int(port),
        Path(environ.get("ALERT_INBOX_FILE") or Settings.file),
    )
