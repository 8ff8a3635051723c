"""An exercise as other programs and pages get it: what its learner may see, and nothing else."""

from dataclasses import asdict

from lab.exercises.exercise import Exercise, Task
from lab.exercises.personal import shown
from lab.exercises.session import Session


def exercise_as_json(session: Session, exercise: Exercise, with_text: bool = False) -> dict[str, object]:
    """What a learner may see: no reference, no mistakes, nothing of what is hidden in the lab."""
    solved = session.is_solved(exercise)
    content: dict[str, object] = {
        "name": exercise.name,
        "number": exercise.number,
        "title": exercise.title,
        "part": exercise.part,
        "system": exercise.system,
        "idea": exercise.idea,
        "minutes": exercise.minutes,
        "started": session.is_started(exercise),
        "solved": solved,
        "points": session.points_of(exercise),
        "points_possible": exercise.points,
    }
    if with_text:
        content["story"] = exercise.story
        content["folder"] = str(session.folder(exercise)) if exercise.service else None
        content["tasks"] = [_task_as_json(session, exercise, task) for task in exercise.tasks]
        content["explanation"] = exercise.explanation if solved else None
    return content


def unreadable_as_json(session: Session) -> list[dict[str, str]]:
    """Exercises that there should be, and what keeps them from being read."""
    return [{"name": name, "problem": problem} for name, problem in session.unreadable.items()]


def _task_as_json(session: Session, exercise: Exercise, task: Task) -> dict[str, object]:
    progress = session.progress_of(exercise, task)
    return {
        "id": task.id,
        "kind": task.kind,
        "asks": shown(task.asks),
        "unit": task.unit,
        "points_possible": task.points,
        "choices": [
            {"letter": letter, "text": choice.text} for letter, choice in zip("abcdefghij", task.choices, strict=False)
        ],
        "hints": len(task.hints),
        "hint_costs": [hint.costs for hint in task.hints],
        # What was paid for can be read again.
        "hint_texts": [shown(hint.text) for hint in task.hints[: progress.hints_read]],
        "solution": shown(task.solution) if progress.solution_seen else None,
        **asdict(progress),
    }
