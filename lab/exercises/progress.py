"""Who has solved what: one small JSON file, outside of any lab's state, so that it outlives the labs.

It is replaced as a whole and never half; a file that cannot be understood is reported and left as it is.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.exercises.exercise import Exercise
from lab.run_state import wait_for_lock, write_json_atomically

#: The environment variable that names the file.
PROGRESS_FILE_VARIABLE = "LAB_PROGRESS_FILE"

_VERSION = 1


class ProgressError(RuntimeError):
    """The file cannot be read or written; the message says why, and what to do."""


@dataclass
class TaskProgress:
    attempts: int = 0
    hints_read: int = 0
    solution_seen: bool = False
    #: Unix seconds of the first right answer.
    passed_at: float | None = None
    #: What that earned, after hints.
    points: int = 0
    #: The answer that was right.
    answer: str = ""


@dataclass
class ExerciseProgress:
    #: Unix seconds.
    started_at: float
    tasks: dict[str, TaskProgress] = field(default_factory=dict)

    def task(self, id: str) -> TaskProgress:
        return self.tasks.setdefault(id, TaskProgress())


@dataclass
class LearnerProgress:
    #: The exercise that was started or worked on last.
    current: str | None = None
    exercises: dict[str, ExerciseProgress] = field(default_factory=dict)

    def task(self, exercise: str, id: str) -> TaskProgress:
        """To look at: of an exercise that was not started, one with nothing in it."""
        started = self.exercises.get(exercise)
        return TaskProgress() if started is None else started.tasks.get(id, TaskProgress())

    def has_solved(self, exercise: Exercise) -> bool:
        return all(self.task(exercise.name, task.id).passed_at is not None for task in exercise.tasks)

    def points_of(self, exercise: Exercise) -> int:
        return sum(self.task(exercise.name, task.id).points for task in exercise.tasks)

    def begin(self, exercise: str, now: float) -> ExerciseProgress:
        """To change: the exercise is started if it was not, and is the current one from now on."""
        self.current = exercise
        return self.exercises.setdefault(exercise, ExerciseProgress(started_at=now))


def progress_file() -> Path:
    """The file that LAB_PROGRESS_FILE names, else one in the user's own place for such things."""
    if named := os.environ.get(PROGRESS_FILE_VARIABLE):
        return Path(named).absolute()
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base).absolute() / "glasshouse" / "progress.json"


class ProgressStore:
    """All learners' progress in one file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self, learner: str) -> LearnerProgress:
        """Raises ProgressError."""
        return self._read_all().get(learner, LearnerProgress())

    @contextmanager
    def changing(self, learner: str) -> Iterator[LearnerProgress]:
        """What is changed within is written at the end, unless an error ends it. Others wait meanwhile."""
        with self._alone():
            learners = self._read_all()
            progress = learners.setdefault(learner, LearnerProgress())
            yield progress
            content = {"version": _VERSION, "learners": {name: asdict(one) for name, one in learners.items()}}
            try:
                write_json_atomically(self._file, content)
            except OSError as error:
                raise ProgressError(f"{self._file} cannot be written: {error}") from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = self._file.with_name(f"{self._file.name}.lock")
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            file = wait_for_lock(lock)
        except OSError as error:
            raise ProgressError(
                f"{self._file} cannot be written: {error}. {PROGRESS_FILE_VARIABLE} names another file"
            ) from None
        with file:
            yield

    def _read_all(self) -> dict[str, LearnerProgress]:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            if content["version"] != _VERSION:
                raise ValueError(f"it is of version {content['version']}, and this lab writes version {_VERSION}")
            return {name: _learner(one) for name, one in content["learners"].items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ProgressError(f"{self._file} cannot be read: {error}") from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProgressError(
                f"{self._file} is not what the lab has written ({error}). Nothing was changed in it: mend it, or move "
                "it away to begin anew"
            ) from None


def _learner(content: dict[str, Any]) -> LearnerProgress:
    return LearnerProgress(
        content["current"],
        {
            name: ExerciseProgress(
                exercise["started_at"], {id: TaskProgress(**task) for id, task in exercise["tasks"].items()}
            )
            for name, exercise in content["exercises"].items()
        },
    )
