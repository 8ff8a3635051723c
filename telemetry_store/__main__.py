"""`python -m telemetry_store`: the store as a process of its own."""

from __future__ import annotations

import sys

from .server import run
from .settings import parse_arguments

if __name__ == "__main__":
    sys.exit(run(parse_arguments()))
