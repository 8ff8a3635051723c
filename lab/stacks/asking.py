"""Asks a program of this machine something short, such as its version."""

import subprocess
from collections.abc import Sequence


def ask(command: Sequence[str], timeout_seconds: float) -> "subprocess.CompletedProcess[str]":
    """What it printed and its exit code. One that cannot be started has 127, one that takes too long 124, as in a
    shell, and why on its standard error. Never raises."""
    try:
        return subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except OSError as error:
        return subprocess.CompletedProcess(list(command), 127, "", error.strerror or str(error))
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(list(command), 124, "", f"no answer within {timeout_seconds:g} s")
