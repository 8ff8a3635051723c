"""What only the instructor may read: the truth about each fault, and the solutions of each exercise."""

from __future__ import annotations

from typing import Any

from lab.exercises.exercise import PARTS, Exercise, Task
from lab.exercises.loader import read_path
from lab.faults.as_json import fault_as_json
from lab.faults.catalogue import Catalogue


def faults_key(catalogue: Catalogue) -> list[dict[str, Any]]:
    return [fault_as_json(fault) for fault in catalogue.values()]


def exercises_key() -> dict[str, Any]:
    """Of all learners alike: where their values differ, it says which there are."""
    path = read_path()
    return {
        "parts": [{"number": number, "title": title} for number, title in PARTS.items()],
        "exercises": [_exercise(exercise) for exercise in path.exercises.values()],
        "unreadable": [{"name": name, "problem": problem} for name, problem in path.unreadable.items()],
    }


def _exercise(exercise: Exercise) -> dict[str, Any]:
    return {
        "number": exercise.number,
        "title": exercise.title,
        "part": exercise.part,
        "idea": exercise.idea,
        "minutes": exercise.minutes,
        "faults": [{"name": one.name, "set": dict(one.settings)} for one in exercise.needs.faults],
        "values": [{"name": name, "samples": _samples(source.samples)} for name, source in exercise.values.items()],
        "tasks": [_task(task) for task in exercise.tasks],
        "explanation": exercise.explanation,
    }


def _task(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "asks": task.asks,
        "points": task.points,
        "reference": task.reference,
        # No letters: each learner has them in another order.
        "choices": [{"text": choice.text, "right": choice.right, "why": choice.why} for choice in task.choices],
        "solution": task.solution,
        "mistakes": [{"answer": one.answer, "says": one.says} for one in task.mistakes],
    }


def _samples(samples: tuple[Any, ...]) -> list[str]:
    return [
        ", ".join(f"{name} {value}" for name, value in sample.items()) if isinstance(sample, dict) else str(sample)
        for sample in samples
    ]
