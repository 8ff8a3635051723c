"""Something that a service does now and then, beside its requests."""

from __future__ import annotations

import threading
from collections.abc import Callable

from observability import Telemetry
from observability.errors import RequestError


class Rounds:
    """Calls `look` every `pause_seconds`, in a thread of its own, whatever becomes of a round.

    `what` is looked for: log lines say so when nobody does.
    """

    def __init__(self, what: str, look: Callable[[], object], telemetry: Telemetry, *, pause_seconds: float) -> None:
        self._what = what
        self._look = look
        self._logger = telemetry.logger
        self._pause_seconds = pause_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._go, name=f"rounds: {what}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends when the round at hand does, and waits 5 s for that at most."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _go(self) -> None:
        while not self._stopped.wait(self._pause_seconds):
            try:
                self._look()
            except RequestError as error:
                self._logger.warning(
                    "Nobody looks for %s: %s", self._what, error.message, extra={"error.type": error.type}
                )
            except Exception:
                # The thread must outlive whatever one round meets; the line says what it was.
                self._logger.exception("A round of looking for %s failed", self._what)
