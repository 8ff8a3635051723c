"""How exercises look on a terminal."""

import re
from collections.abc import Sequence

from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lab.exercises.exercise import PARTS, Exercise, Task
from lab.exercises.personal import shown
from lab.exercises.services.versions import FILE_NAME
from lab.exercises.session import GivenHint, Judged, Session

_ADDRESS = re.compile(r"<(https?://[^>\s]+)>")
_LETTERS = "abcdefghij"
#: Longer lines are hard to read.
_WIDEST = 100


def show_list(console: Console, session: Session) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("no.", justify="right")
    table.add_column("exercise")
    table.add_column("minutes", justify="right")
    table.add_column("points", justify="right")
    part = 0
    for exercise in session.exercises():
        if exercise.part != part:
            part = exercise.part
            table.add_row("", "", Text(f"{part}. {PARTS[part]}", "bold"), "", "")
        mark = Text("✓", "green") if session.is_solved(exercise) else Text("·" if session.is_started(exercise) else "")
        table.add_row(
            mark,
            str(exercise.number),
            exercise.title,
            str(exercise.minutes),
            f"{session.points_of(exercise)}/{exercise.points}",
        )
    console.print(table)
    for name, problem in session.unreadable.items():
        console.print(f"\n{name} cannot be read: {problem}", markup=False, soft_wrap=True, style="yellow")
    console.print(f"\nLearner: {session.learner}. Begin one with: python3 lab exercise start NUMBER", markup=False)


def show_exercise(console: Console, session: Session, exercise: Exercise) -> None:
    console.print(
        Text.assemble(
            (f"{exercise.number}. {exercise.title}", "bold"),
            (f"  {PARTS[exercise.part]} · {exercise.minutes} minutes · {exercise.points} points", "dim"),
        )
    )
    console.print()
    _markdown(console, exercise.story)
    for task in exercise.tasks:
        console.print()
        _show_task(console, session, exercise, task)
    if session.is_solved(exercise):
        show_explanation(console, exercise)
        return
    console.print()
    if folder := session.folder(exercise):
        console.print(f"Your service: {folder / FILE_NAME}", markup=False, soft_wrap=True)
        console.print(
            "Check it with: python3 lab exercise check     Run it: python3 lab exercise run     "
            "Stuck: python3 lab exercise hint",
            style="dim",
        )
    else:
        console.print(
            "Answer with: python3 lab exercise check 'ANSWER'     Stuck: python3 lab exercise hint", style="dim"
        )
        if any(task.kind in ("alert_rule", "recording_rule") for task in exercise.tasks):
            console.print("A rule has several lines: python3 lab exercise check - < rule.yml", style="dim")


def _show_task(console: Console, session: Session, exercise: Exercise, task: Task) -> None:
    progress = session.progress_of(exercise, task)
    solved = progress.passed_at is not None
    console.print(
        Text.assemble(
            ("✓ " if solved else "→ ", "green" if solved else "yellow"),
            (f"Task {task.id}", "bold"),
            (f"  {progress.points if solved else task.points} points", "dim"),
        )
    )
    _markdown(console, task.asks, indent=2)
    for letter, choice in zip(_LETTERS, task.choices, strict=False):
        _markdown(console, f"**{letter}.** {choice.text}", indent=4)
    if solved:
        _markdown(console, f"Your answer: {_as_code(progress.answer)}", indent=2)


def show_verdict(console: Console, judged: Judged) -> None:
    verdict = judged.verdict
    if verdict.passed:
        console.print(
            Text.assemble(("✓ ", "green"), (f"Task {judged.task.id} is right: {judged.points} points", "bold"))
        )
    elif verdict.judged:
        console.print(Text.assemble(("✗ ", "red"), (f"Task {judged.task.id}: not yet", "bold")))
    else:
        console.print(Text.assemble(("? ", "yellow"), (f"Task {judged.task.id}: cannot be judged now", "bold")))
    for paragraph in verdict.says:
        _markdown(console, paragraph, indent=2)
    if judged.exercise_solved and verdict.passed:
        show_explanation(console, judged.exercise)
    elif verdict.passed:
        console.print("\nThe next task: python3 lab exercise show", style="dim")


def show_explanation(console: Console, exercise: Exercise) -> None:
    console.print()
    console.rule(Text("All of it solved: what is behind it", "bold"), align="left", style="dim")
    _markdown(console, exercise.explanation)


def show_hint(console: Console, given: GivenHint | None) -> None:
    if given is None:
        console.print("There is no hint for this task.")
        return
    cost = (
        f"costs {given.hint.costs} {'point' if given.hint.costs == 1 else 'points'}"
        if given.new and given.hint.costs
        else "costs nothing"
    )
    console.print(
        Text.assemble(
            (f"Hint {given.number} of {len(given.task.hints)} for task {given.task.id}", "bold"), (f"  {cost}", "dim")
        )
    )
    _markdown(console, given.hint.text, indent=2)


def show_solution(console: Console, task: Task, solution: str) -> None:
    console.print(Text(f"Task {task.id}", "bold"))
    _markdown(console, solution, indent=2)


def show_notes(console: Console, notes: Sequence[str]) -> None:
    for note in notes:
        console.print(f"note: {note}", markup=False, style="yellow")


def _markdown(console: Console, text: str, indent: int = 0) -> None:
    # Addresses are written out once: they are to be copied from any terminal.
    markdown = Markdown(_ADDRESS.sub(r"\1", shown(text)), hyperlinks=False, code_theme="ansi_dark")
    console.print(Padding(markdown, (0, 0, 0, indent)), width=min(console.width, _WIDEST))


def _as_code(text: str) -> str:
    return f"`{text}`" if "`" not in text and "\n" not in text else f"\n```\n{text}\n```"
