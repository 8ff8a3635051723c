"""Watches the flag file from a thread, and loads flagd's provider once there is something to read."""

from __future__ import annotations

from pathlib import Path

from feature_flags.flags import FeatureFlags


class WatchedFlags(FeatureFlags):
    """The flags of one file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def start(self) -> None:
        """Begin to watch. Returns at once."""
