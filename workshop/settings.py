"""What `lab workshop serve` tells the server, by environment variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    #: Where the secret and the roster are kept.
    folder: Path


def read_settings(environ: Mapping[str, str]) -> Settings:
    """WORKSHOP_HOST, WORKSHOP_PORT and WORKSHOP_FOLDER. Raises ValueError that names the variable."""
    port = environ.get("WORKSHOP_PORT", "")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ValueError(f"WORKSHOP_PORT={port!r} is no port: give a number from 1 to 65535")
    folder = environ.get("WORKSHOP_FOLDER", "")
    if not folder:
        raise ValueError("WORKSHOP_FOLDER is missing: the folder where the roster is kept")
    return Settings(environ.get("WORKSHOP_HOST") or "127.0.0.1", int(port), Path(folder))
