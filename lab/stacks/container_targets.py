"""What Prometheus scrapes in the compose stack: the services of each system, and the telemetry stack itself.

`python -m lab.stacks.container_targets` writes the files that Prometheus reads; a test compares them. A system with a
docker-compose file of its own has its targets beside it, and that file puts them in the place of an empty list: who
does not start it has nothing to miss. What comes and goes (a load test) is in none of them: it announces itself in the
targets' volume.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from lab.manifest import System, discover
from lab.paths import REPOSITORY, SYSTEMS
from lab.ports import LabPorts
from lab.stacks.compose_files import own_file
from lab.stacks.configuration import CONTAINER_TARGETS
from lab.stacks.targets import Target

#: The main file's name in the folder of targets.
MAIN = "compose.json"

#: Containers that tell their own metrics; each is called as its service.
_BACKENDS = ("prometheus", "loki", "tempo", "alertmanager", "grafana")


def main_targets(systems: Iterable[System]) -> list[Target]:
    """The telemetry stack, and those of the systems that docker-compose.yml itself describes.

    Everything is called by its container's name on their network; a service's is the one in its manifest."""
    return [
        *(target for system in systems if own_file(system) is None for target in targets_of(system)),
        *(Target(f"{name}:{getattr(LabPorts(), name)}", job=name, service=name) for name in _BACKENDS),
    ]


def targets_of(system: System) -> list[Target]:
    return [
        Target(f"{service.name}:{service.port}", job=system.name, service=service.name) for service in system.services
    ]


def as_file(targets: Iterable[Target]) -> str:
    return json.dumps([target.as_file_sd() for target in targets], indent=2) + "\n"


def contents() -> dict[Path, str]:
    """Every file as it has to be, by its path."""
    systems = discover().values()
    files = {REPOSITORY / CONTAINER_TARGETS / MAIN: as_file(main_targets(systems))}
    for system in systems:
        if own_file(system) is not None:
            files[REPOSITORY / CONTAINER_TARGETS / f"{system.name}.json"] = as_file([])
            files[SYSTEMS / system.name / "targets.json"] = as_file(targets_of(system))
    return files


if __name__ == "__main__":
    for path, content in contents().items():
        path.write_text(content, encoding="utf-8")
