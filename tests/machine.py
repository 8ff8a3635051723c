"""What a test needs of the machine that it runs on: a real program, a free port."""

from __future__ import annotations

import os
import shutil
import socket

import pytest


def program(*names: str, package: str) -> str:
    """Where a program is, under the first of its names that is on PATH. Skips the test where none is, but fails it in
    CI, where it has to be. `package` is Debian's, or what else to say about how to get it."""
    for name in names:
        if found := shutil.which(name):
            return found
    reason = f"{names[0]} is not on PATH (Debian: apt install {package})"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A port of the loopback that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
