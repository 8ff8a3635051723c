"""What `lab up` says while a lab starts: how far it is, and for whom it waits."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console

from lab.run_state import ProcessState

_NAMES_SHOWN = 4
#: Where nothing can be written over, a new line comes this often.
_SECONDS_BETWEEN_LINES = 5.0


def describe(processes: Sequence[ProcessState]) -> str:
    """One sentence, for people who wait."""
    if not processes:
        return "Starting the lab …"
    ready = sum(process.phase == "ready" for process in processes)
    sentence = f"{ready} of {len(processes)} ready"
    starting = [process.name for process in processes if process.phase == "starting"]
    if starting:
        names = ", ".join(starting[:_NAMES_SHOWN])
        more = f" and {len(starting) - _NAMES_SHOWN} more" if len(starting) > _NAMES_SHOWN else ""
        sentence += f", waiting for {names}{more}"
    return f"{sentence} …"


class StartProgress:
    """Shows the sentence until the block ends: on a terminal in one line that changes, elsewhere in a new one at times.

    with StartProgress(console) as progress:
        progress.show(state.processes)
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._line = console.status(describe(()))
        self._said_at = time.monotonic()

    def __enter__(self) -> "StartProgress":
        self._line.start()
        return self

    def show(self, processes: Sequence[ProcessState]) -> None:
        if self._console.is_terminal:
            self._line.update(describe(processes))
        elif time.monotonic() - self._said_at > _SECONDS_BETWEEN_LINES:
            self._said_at = time.monotonic()
            self._console.print(describe(processes), markup=False)

    def stop(self) -> None:
        """May be called more than once."""
        self._line.stop()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
