"""What Prometheus scrapes in the compose stack: every service of every system, and the telemetry stack itself.

`python -m lab.stacks.container_targets` writes the file that Prometheus reads; a test compares it. What comes and goes
(a load test) is not in it: it announces itself in the targets' volume.
"""

import json
from collections.abc import Iterable

from lab.manifest import System, discover
from lab.paths import REPOSITORY
from lab.ports import LabPorts
from lab.stacks.configuration import CONTAINER_TARGETS
from lab.stacks.targets import Target

FILE = REPOSITORY / CONTAINER_TARGETS / "compose.json"

#: Containers that tell their own metrics; each is called as its service.
_BACKENDS = ("prometheus", "loki", "tempo", "alertmanager", "grafana")


def container_targets(systems: Iterable[System]) -> list[Target]:
    """By the containers' names on their network; a service's is the one in its manifest."""
    return [
        *(
            Target(f"{service.name}:{service.port}", job=system.name, service=service.name)
            for system in systems
            for service in system.services
        ),
        *(Target(f"{name}:{getattr(LabPorts(), name)}", job=name, service=name) for name in _BACKENDS),
    ]


def content() -> str:
    """The file as it has to be."""
    return json.dumps([target.as_file_sd() for target in container_targets(discover().values())], indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(content(), encoding="utf-8")
