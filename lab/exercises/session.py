"""One learner at work on the exercises: what the command line does, and what a page can do."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.exercises.answers import clean, read_trace_id
from lab.exercises.checking import check
from lab.exercises.exercise import Exercise, Hint, Task
from lab.exercises.gathering import gather
from lab.exercises.personal import PLACES, open_answers, personalise
from lab.exercises.progress import ProgressStore, TaskProgress
from lab.exercises.results import Times
from lab.exercises.services.description import Service
from lab.exercises.services.workspace import Workspace, WorkspaceError
from lab.exercises.verdict import Verdict
from lab.telemetry_client import TelemetryClient
from lab.yaml_document import ContentError


class UnknownExercise(LookupError):
    """No exercise, or no task of it, is called so; the message says which there are."""


class TaskComesLater(RuntimeError):
    """A task needs the answer to an earlier one."""


@dataclass(frozen=True)
class Judged:
    """A verdict, and what it came to for this learner."""

    exercise: Exercise
    task: Task
    verdict: Verdict
    #: Points that the task has earned in all, hints taken off; 0 as long as it is not solved.
    points: int
    #: Whether every task of the exercise is solved now.
    exercise_solved: bool


@dataclass(frozen=True)
class GivenHint:
    task: Task
    hint: Hint
    #: Which one it is, from 1.
    number: int
    #: Whether it has cost something now: not when it was read before, or the task is solved.
    new: bool


class Session:
    """`exercises` and `unreadable` as the loader reads them; everything handed out is filled in for `learner`.

    Methods raise UnknownExercise, ContentError for an exercise that cannot be read, ProgressError, WorkspaceError and,
    where they ask the lab, TaskComesLater and TelemetryError."""

    def __init__(
        self,
        exercises: Mapping[str, Exercise],
        progress: ProgressStore,
        learner: str,
        places: Mapping[str, str] = PLACES,
        workspace: Workspace | None = None,
        unreadable: Mapping[str, str] | None = None,
    ) -> None:
        self._exercises = exercises
        #: Name -> why the exercise cannot be read.
        self.unreadable = unreadable or {}
        self._progress = progress
        self.learner = learner
        self._places = places
        self._workspace = workspace or Workspace.of(learner)

    def exercises(self) -> list[Exercise]:
        return [self._for_learner(exercise) for exercise in self._exercises.values()]

    def find(self, said: str | None = None) -> Exercise:
        """By number, name or part of the name; without any, the current one."""
        if said is None:
            said = self._progress.read(self.learner).current
            if said is None:
                raise UnknownExercise("no exercise has been started; begin with: python3 lab exercise start 1")
        if said.isdigit():
            found = [one for one in self._exercises.values() if one.number == int(said)]
        else:
            found = [one for one in self._exercises.values() if said == one.name]
            found = found or [one for one in self._exercises.values() if said in one.name]
        if not found:
            self._require_readable(said)
        if len(found) != 1:
            which = ", ".join(one.name for one in found or self._exercises.values())
            raise UnknownExercise(f"{said!r} is {'more than one' if found else 'no'} exercise; there are: {which}")
        return self._for_learner(found[0])

    def _require_readable(self, said: str) -> None:
        for name, problem in self.unreadable.items():
            if said == name or (said.isdigit() and name.startswith(f"{int(said):02}-")):
                raise ContentError(problem)

    def find_task(self, exercise: Exercise, id: str | None = None) -> Task:
        """By its id; without one, the first that is not solved, or else the last."""
        if id is not None:
            try:
                return exercise.task(id)
            except KeyError:
                ids = ", ".join(task.id for task in exercise.tasks)
                raise UnknownExercise(f"{exercise.name} has no task {id!r}; there are: {ids}") from None
        open_tasks = (task for task in exercise.tasks if self.progress_of(exercise, task).passed_at is None)
        return next(open_tasks, exercise.tasks[-1])

    def progress_of(self, exercise: Exercise, task: Task) -> TaskProgress:
        return self._progress.read(self.learner).task(exercise.name, task.id)

    def is_started(self, exercise: Exercise) -> bool:
        return exercise.name in self._progress.read(self.learner).exercises

    def is_solved(self, exercise: Exercise) -> bool:
        return self._progress.read(self.learner).has_solved(exercise)

    def points_of(self, exercise: Exercise) -> int:
        return self._progress.read(self.learner).points_of(exercise)

    def folder(self, exercise: Exercise) -> Path | None:
        """Where this learner instruments the exercise's service, when it has one."""
        return None if exercise.service is None else self._workspace.folder(exercise.service)

    def existing_folder(self, service: Service) -> Path:
        """Raises WorkspaceError when it has not been started."""
        return self._workspace.existing(service)

    def has_folder(self, service: Service) -> bool:
        try:
            self._workspace.existing(service)
        except WorkspaceError:
            return False
        return True

    def start(self, exercise: Exercise) -> None:
        """It is the current one from now on; what was solved of it, and done in its folder, stays."""
        if exercise.service is not None:
            self._workspace.prepare(exercise.service)
        with self._progress.changing(self.learner) as progress:
            progress.begin(exercise.name, time.time())

    def check(
        self, exercise: Exercise, task: Task, answer: str, client: TelemetryClient, times: Times | None = None
    ) -> Judged:
        """Asks the lab, judges, and remembers. `times` as `preparation.times_of` knows them.

        Of a task to instrument a service the learner's folder is the answer, whatever was given for one."""
        answer = clean(answer) if task.service is None else str(self.existing_folder(task.service))
        if earlier := open_answers(task):
            first = " and ".join(
                f"task {number} ({one.id})" for number, one in enumerate(exercise.tasks, 1) if one.id in earlier
            )
            raise TaskComesLater(f"This task builds on the answer to another: solve {first} first.")
        verdict = check(task, answer, gather(task, answer, client, time.time(), times))
        with self._progress.changing(self.learner) as progress:
            mine = progress.begin(exercise.name, time.time()).task(task.id)
            if verdict.judged and mine.passed_at is None:
                mine.attempts += 1
                if verdict.passed:
                    mine.passed_at = time.time()
                    mine.points = 0 if mine.solution_seen else verdict.points - _cost(task, mine.hints_read)
                    mine.answer = answer
            return Judged(exercise, task, verdict, mine.points, progress.has_solved(exercise))

    def hint(self, exercise: Exercise, task: Task) -> GivenHint | None:
        """The next one that has not been read; the last again when all have; None when there is none."""
        if not task.hints:
            return None
        with self._progress.changing(self.learner) as progress:
            mine = progress.begin(exercise.name, time.time()).task(task.id)
            new = mine.hints_read < len(task.hints) and mine.passed_at is None and not mine.solution_seen
            number = min(mine.hints_read + 1, len(task.hints))
            if new:
                mine.hints_read = number
            return GivenHint(task, task.hints[number - 1], number, new)

    def solution(self, exercise: Exercise, task: Task) -> str:
        """The solution's text. From now on the task is worth nothing, unless it was solved before."""
        with self._progress.changing(self.learner) as progress:
            progress.begin(exercise.name, time.time()).task(task.id).solution_seen = True
        return task.solution

    def reset(self, exercise: Exercise | None) -> list[Path]:
        """Forgets what was done in one exercise, or in all of them. Returns where what was in their folders is kept."""
        services = [one.service for one in ([exercise] if exercise else self.exercises()) if one.service is not None]
        kept = [folder for service in services if (folder := self._workspace.put_aside(service)) is not None]
        with self._progress.changing(self.learner) as progress:
            for name in [exercise.name] if exercise else list(progress.exercises):
                progress.exercises.pop(name, None)
            if exercise is None or progress.current == exercise.name:
                progress.current = None
        return kept

    def _for_learner(self, exercise: Exercise) -> Exercise:
        progress = self._progress.read(self.learner)
        answers = {}
        for task in exercise.tasks:
            if answer := progress.task(exercise.name, task.id).answer:
                answers[task.id] = (read_trace_id(answer) if task.kind == "trace_id" else None) or answer
        return personalise(exercise, self.learner, self._places, answers)


def _cost(task: Task, hints_read: int) -> int:
    return sum(hint.costs for hint in task.hints[:hints_read])
