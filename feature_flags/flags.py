"""The flags as they are now, for whoever asks while answering a request; and news, for whoever acts on a change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

#: A flag's parameters; empty when it is off. Nobody changes it: the next state is another mapping.
Value = Mapping[str, Any]
Listener = Callable[[Value], None]

OFF: Value = MappingProxyType({})

_logger = logging.getLogger("feature_flags")


class FeatureFlags:
    """All flags are off until somebody applies values; with `read_flags` that is the thread that watches the file."""

    def __init__(self) -> None:
        self._values: Mapping[str, Value] = {}
        self._listeners: dict[str, list[Listener]] = {}
        # Held while listeners are told, so that each hears every change once and in order. Asking needs no lock.
        self._telling = threading.RLock()

    def value(self, name: str) -> Value:
        """The flag's parameters, `{}` while it is off or unknown. A lookup: to be asked as often as one likes."""
        return self._values.get(name, OFF)

    def on_change(self, name: str, listener: Listener) -> None:
        """Call `listener(value)` on every change, and at once if the flag is on now.

        Changes are told in the thread that noticed them. What a listener raises is logged and goes no further.
        """
        with self._telling:
            self._listeners.setdefault(name, []).append(listener)
            value = self.value(name)
            if value:
                _tell(listener, value)

    def apply(self, values: Mapping[str, Value]) -> None:
        """These are all the flags that are on. Listeners of those that changed are told before this returns."""
        with self._telling:
            before, self._values = self._values, {name: value for name, value in values.items() if value}
            for name, listeners in self._listeners.items():
                value = self.value(name)
                if value != before.get(name, OFF):
                    for listener in tuple(listeners):
                        _tell(listener, value)

    def close(self) -> None:
        """Watch no longer; the flags stay as they are. May be called more than once."""


def _tell(listener: Listener, value: Value) -> None:
    try:
        listener(value)
    except Exception:
        # Without the flag's name and its value: whoever reads this line may have been asked to find out.
        _logger.exception("a listener to a changed setting failed")
