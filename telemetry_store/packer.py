"""The thread in which a storage packs what has come: from time to time, and when it is woken."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from .refusals import Refusal

logger = logging.getLogger(__name__)


class Packer:
    """Calls `pack` until it is closed. A refusing disk or a failure is logged, and it is tried again later."""

    def __init__(self, what: str, pack: Callable[[], None], look_seconds: float) -> None:
        self._what = what
        self._pack = pack
        self._look_seconds = look_seconds
        self._wake = threading.Event()
        self.closing = False
        self._thread = threading.Thread(target=self._run, name=f"{what}-packer", daemon=True)

    def start(self) -> None:
        """Begins: what `pack` needs must be there by now."""
        self._thread.start()

    def wake(self) -> None:
        """Lets it pack now instead of at the next look."""
        self._wake.set()

    def close(self, timeout_seconds: float) -> None:
        """Ends after the packing that is under way, for which it waits no longer than that."""
        self.closing = True
        self._wake.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while True:
            self._wake.wait(self._look_seconds)
            self._wake.clear()
            if self.closing:
                return
            try:
                self._pack()
            except Refusal as refusal:
                logger.warning("packing of the %s waits: %s", self._what, refusal)
                time.sleep(self._look_seconds)
            except Exception:
                logger.exception("packing of the %s failed, trying again later", self._what)
                time.sleep(self._look_seconds)
