"""How the lab writes to a terminal, and how to a pipe: there lines are not cut to eighty columns."""

import sys

from rich.console import Console

_PIPE_WIDTH = 200


def make_console(stderr: bool = False, quiet: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, quiet=quiet, highlight=False, width=None if stream.isatty() else _PIPE_WIDTH)
