"""What a learner who has joined tells the instructor's page: how far he is, and whether his lab is well. No more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from lab.exercises.exercise import Exercise
from lab.exercises.progress import LearnerProgress, ProgressError, ProgressStore
from lab.health import check_all
from lab.paths import StateDirectory
from lab.run_state import read_run_state, supervisor_is_alive

#: Asking every process how it is takes a while on a small machine: so often, and not with each report.
_HEALTH_SECONDS = 9.0


def exercises_report(exercises: Mapping[str, Exercise], progress: LearnerProgress) -> dict[str, Any]:
    """Solved exercises, points, and the exercise that the learner is at."""
    at = exercises.get(progress.current or "")
    return {
        "solved": sum(progress.has_solved(exercise) for exercise in exercises.values()),
        "of": len(exercises),
        "points": sum(progress.points_of(exercise) for exercise in exercises.values()),
        "points_possible": sum(exercise.points for exercise in exercises.values()),
        "at": f"{at.number}. {at.title}" if at and not progress.has_solved(at) else "",
    }


def read_progress(store: ProgressStore, learner: str) -> LearnerProgress:
    """None of it, where the file cannot be read: `lab exercise` says so to the learner."""
    try:
        return store.read(learner)
    except ProgressError:
        return LearnerProgress()


class LabHealth:
    """Of the lab with this state directory, looked at every few seconds."""

    def __init__(self, state_dir: StateDirectory) -> None:
        self._state_dir = state_dir
        self._looked_at = 0.0
        self._report: dict[str, Any] = {}

    def report(self) -> dict[str, Any]:
        state = read_run_state(self._state_dir) if supervisor_is_alive(self._state_dir) else None
        if state is None:
            self._looked_at = 0.0
            return {"up": False, "healthy": 0, "of": 0, "problem": "no lab is running"}
        if not self._looked_at or time.monotonic() - self._looked_at >= _HEALTH_SECONDS:
            processes = check_all(state)
            ill = [process.name for process in processes if not (process.healthy and process.ready)]
            self._report = {
                "up": True,
                "healthy": len(processes) - len(ill),
                "of": len(processes),
                "problem": f"{', '.join(ill)} not well"[:200] if ill else "",
            }
            self._looked_at = time.monotonic()
        return self._report
