"""Where things are: the repository, and the state directory with everything a running lab writes."""

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SYSTEMS = REPOSITORY / "systems"

#: The environment variable that moves the state directory.
STATE_DIR_VARIABLE = "LAB_STATE_DIR"


@dataclass(frozen=True)
class StateDirectory:
    """One lab's state: two labs on a machine have two of these."""

    root: Path

    @classmethod
    def choose(cls, chosen: str | os.PathLike[str] | None = None) -> "StateDirectory":
        """The directory asked for, else LAB_STATE_DIR, else `.lab` in the repository."""
        return cls(Path(chosen or os.environ.get(STATE_DIR_VARIABLE) or REPOSITORY / ".lab").absolute())

    @property
    def run_file(self) -> Path:
        return self.root / "run.json"

    @property
    def lock_file(self) -> Path:
        return self.root / "up.lock"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def targets(self) -> Path:
        """What to scrape: one file for the lab itself, others for what announces itself while it runs."""
        return self.root / "targets"

    @property
    def configuration(self) -> Path:
        """The configuration files, rendered for this lab."""
        return self.root / "configuration"

    @property
    def flag_file(self) -> Path:
        """What the services are to do otherwise than usual; none when that is nothing.

        In a folder of its own: containers get the folder, because a file that is replaced would stay the old one there.
        """
        return self.root / "flags" / "flags.json"

    def output_file(self, process_name: str) -> Path:
        """What a process writes to standard output and standard error."""
        return self.logs / f"{process_name}.log"

    def worker_metrics(self, process_name: str) -> Path:
        """Where the worker processes of a service share their metrics."""
        return self.root / "worker-metrics" / process_name

    def create(self) -> None:
        for directory in (self.root, self.logs, self.data):
            directory.mkdir(parents=True, exist_ok=True)
