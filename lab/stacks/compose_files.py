"""Which docker-compose files describe what: one has the telemetry stack and the chain, others a system each."""

from pathlib import Path

from lab.manifest import System
from lab.paths import REPOSITORY, SYSTEMS

MAIN_FILE = REPOSITORY / "docker-compose.yml"


def own_file(system: System) -> Path | None:
    """What a system adds to the main file; None when that describes the system itself."""
    path = SYSTEMS / system.name / MAIN_FILE.name
    return path if path.is_file() else None
