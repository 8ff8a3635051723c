"""Why the process cannot start, and the exit code that says it to whoever started it."""

from __future__ import annotations

#: Exit codes, after sysexits.h: a port is in use, the data directory cannot be written, a rule file is wrong.
EXIT_PORT = 69
EXIT_DATA_DIRECTORY = 73
EXIT_RULES = 78


class StartError(Exception):
    """The process cannot start; the message says why and what to do."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
