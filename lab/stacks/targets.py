"""The scrape targets of a running lab, as files in the form of Prometheus' file_sd.

They stand in one directory, so that others can announce themselves beside them: a load test does, while it runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lab.paths import StateDirectory
from lab.run_state import write_json_atomically

#: The lab's own file in the directory.
FILE_NAME = "services.json"


@dataclass(frozen=True)
class Target:
    """One address to scrape, and the two labels that every sample of it gets."""

    #: host:port
    address: str
    #: The system, or the backend itself.
    job: str
    service: str

    def as_file_sd(self) -> dict[str, Any]:
        return {"targets": [self.address], "labels": {"job": self.job, "service": self.service}}


def backend_target(name: str, base_url: str) -> Target:
    """A backend scraped for its own metrics."""
    return Target(base_url.removeprefix("http://"), job=name, service=name)


def clear_targets(directory: StateDirectory) -> None:
    """Forgets what an earlier lab has announced, a load test of that time included."""
    directory.targets.mkdir(parents=True, exist_ok=True)
    for left_behind in directory.targets.glob("*.json"):
        left_behind.unlink()


def write_targets(directory: StateDirectory, targets: Iterable[Target]) -> None:
    write_json_atomically(directory.targets / FILE_NAME, [target.as_file_sd() for target in targets])
