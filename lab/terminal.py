"""How the lab writes to a terminal, and how to a pipe: there lines are not cut to eighty columns."""

import sys

from rich.console import Console

_PIPE_WIDTH = 200


class LabConsole(Console):
    """rich's own ends the program when nobody reads any more; here that is for the caller to decide."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def make_console(stderr: bool = False, quiet: bool = False) -> LabConsole:
    stream = sys.stderr if stderr else sys.stdout
    return LabConsole(stderr=stderr, quiet=quiet, highlight=False, width=None if stream.isatty() else _PIPE_WIDTH)
