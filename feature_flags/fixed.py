"""Flags that a test sets, with no file, no provider and no thread."""

from __future__ import annotations

from collections.abc import Mapping

from feature_flags.flags import OFF, FeatureFlags, Value


class FixedFlags(FeatureFlags):
    """Has the values it is given.

    flags = FixedFlags({"search-backend": {"host": "other"}})
    flags.set("search-backend", {})    # off; listeners are told before this returns
    """

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        super().__init__()
        self.apply(values or {})

    def set(self, name: str, value: Value = OFF) -> None:
        """Switch one flag; the others stay as they are."""
        self.apply({**self._values, name: value})
