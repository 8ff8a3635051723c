"""`lab exercise`: the exercises, with answers checked against the telemetry of the running lab."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

import click

from lab.commands.options import NotRunning, running_lab, state_dir_option
from lab.exercises.as_json import exercise_as_json, unreadable_as_json
from lab.exercises.exercise import Exercise, Task
from lab.exercises.learner import LEARNER_VARIABLE, user_name
from lab.exercises.loader import EXERCISES, read_path
from lab.exercises.needs import command_to_start, unmet
from lab.exercises.personal import PLACES, places_of
from lab.exercises.preparation import NotNow, prepare_lab, require_prepared, times_of
from lab.exercises.progress import ProgressError, ProgressStore, progress_file
from lab.exercises.services.workspace import WorkspaceError
from lab.exercises.session import Session, TaskComesLater, UnknownExercise
from lab.paths import StateDirectory
from lab.run_state import RunState
from lab.telemetry_client import TelemetryClient, TelemetryError
from lab.yaml_document import ContentError


@click.group(name="exercise")
def command() -> None:
    """Learn to read telemetry: short exercises on the running lab, each answer checked against live data.

    Begin with `python3 lab exercise list`. Exit code 0 when an answer is right, 1 when it is not, 2 for wrong usage.
    """


def _common(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options that each of them has."""
    for option in (
        state_dir_option,
        click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs."),
        click.option(
            "--learner",
            metavar="NAME",
            envvar=LEARNER_VARIABLE,
            help=f"Whose progress and values these are [env: {LEARNER_VARIABLE}; default: your user name].",
        ),
    ):
        function = option(function)
    return function


@command.command(name="list")
@_common
def list_command(learner: str | None, as_json: bool, state_dir: StateDirectory) -> None:
    """Show the path: every exercise, and what is solved."""
    session = _session(learner, state_dir)
    with _errors():
        if as_json:
            _print_json(
                {
                    "learner": session.learner,
                    "exercises": [exercise_as_json(session, exercise) for exercise in session.exercises()],
                    "unreadable": unreadable_as_json(session),
                }
            )
            return
        from lab.exercises import terminal_view
        from lab.terminal import make_console

        terminal_view.show_list(make_console(), session)


@command.command(name="start")
@click.argument("exercise")
@_common
def start_command(exercise: str, learner: str | None, as_json: bool, state_dir: StateDirectory) -> None:
    """Begin EXERCISE (its number or name): prepares the running lab for it, and shows it."""
    session = _session(learner, state_dir)
    with _errors():
        found = session.find(exercise)
        notes = [] if found.service else _prepare_lab(found, state_dir)
        session.start(found)
        _show(session, found, as_json, notes)


@command.command(name="show")
@click.argument("exercise", required=False)
@_common
def show_command(exercise: str | None, learner: str | None, as_json: bool, state_dir: StateDirectory) -> None:
    """Show EXERCISE, or the one that was started last: story and tasks, and once it is solved the explanation."""
    session = _session(learner, state_dir)
    with _errors():
        _show(session, session.find(exercise), as_json, [])


@command.command(name="check", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, metavar="[EXERCISE] [ANSWER]")
@click.option("--task", "task_id", metavar="ID", help="Which task [default: the first that is not solved].")
@_common
def check_command(
    words: tuple[str, ...], task_id: str | None, learner: str | None, as_json: bool, state_dir: StateDirectory
) -> None:
    """Check ANSWER against the running lab; `-` reads it from standard input.

    Quote queries: 'rate(frontend_requests_total[1m])'. Of a task to instrument a service, your folder is the answer.
    """
    session = _session(learner, state_dir)
    with _errors():
        exercise, task, answer = _answered(session, words, task_id)
        if exercise.service:
            backends, times = PLACES, None
        else:
            backends = _lab_for(exercise, state_dir).backends
            require_prepared(exercise, state_dir)
            times = times_of(exercise, state_dir)
        with TelemetryClient.from_backends(backends) as client:
            judged = session.check(exercise, task, answer, client, times)
    if as_json:
        _print_json(
            {
                "exercise": exercise.name,
                "task": task.id,
                **asdict(judged.verdict),
                "points": judged.points,
                "exercise_solved": judged.exercise_solved,
            }
        )
    else:
        from lab.exercises import terminal_view
        from lab.terminal import make_console

        terminal_view.show_verdict(make_console(), judged)
    raise SystemExit(0 if judged.verdict.passed else 1)


@command.command(name="run")
@click.argument("exercise", required=False)
@click.option("--learner", metavar="NAME", envvar=LEARNER_VARIABLE, help="Whose folder.")
@state_dir_option
def run_command(exercise: str | None, learner: str | None, state_dir: StateDirectory) -> None:
    """Run your service of EXERCISE until Ctrl-C, to ask it by hand. A lab that runs shows what it tells."""
    session = _session(learner, state_dir)
    with _errors():
        found = session.find(exercise)
        if found.service is None:
            raise click.UsageError(f"{found.name} has no service to be run")
        # Only here: an HTTP client, which `exercise list` can do without.
        from lab.exercises.services.running import run

        folder = session.existing_folder(found.service)
        try:
            state = running_lab(state_dir)
        except NotRunning:
            was_well = run(found.service, folder, click.echo)
        else:
            was_well = run(found.service, folder, click.echo, state.backends, state_dir)
    raise SystemExit(0 if was_well else 1)


@command.command(name="hint")
@click.argument("exercise", required=False)
@click.option("--task", "task_id", metavar="ID", help="Which task [default: the first that is not solved].")
@_common
def hint_command(
    exercise: str | None, task_id: str | None, learner: str | None, as_json: bool, state_dir: StateDirectory
) -> None:
    """Show the next hint; it costs points."""
    session = _session(learner, state_dir)
    with _errors():
        found = session.find(exercise)
        given = session.hint(found, session.find_task(found, task_id))
    if as_json:
        _print_json(
            None
            if given is None
            else {
                "task": given.task.id,
                "number": given.number,
                "of": len(given.task.hints),
                "costs": given.hint.costs,
                "new": given.new,
                "text": given.hint.text,
            }
        )
        return
    from lab.exercises import terminal_view
    from lab.terminal import make_console

    terminal_view.show_hint(make_console(), given)


@command.command(name="solution")
@click.argument("exercise", required=False)
@click.option("--task", "task_id", metavar="ID", help="Which task [default: the first that is not solved].")
@_common
def solution_command(
    exercise: str | None, task_id: str | None, learner: str | None, as_json: bool, state_dir: StateDirectory
) -> None:
    """Show a task's solution. It is worth no points then."""
    session = _session(learner, state_dir)
    with _errors():
        found = session.find(exercise)
        task = session.find_task(found, task_id)
        text = session.solution(found, task)
    if as_json:
        _print_json({"exercise": found.name, "task": task.id, "solution": text})
        return
    from lab.exercises import terminal_view
    from lab.terminal import make_console

    terminal_view.show_solution(make_console(), task, text)


@command.command(name="reset")
@click.argument("exercise", required=False)
@click.option("--all", "everything", is_flag=True, help="All exercises.")
@_common
def reset_command(
    exercise: str | None, everything: bool, learner: str | None, as_json: bool, state_dir: StateDirectory
) -> None:
    """Forget what was done in EXERCISE, or in the one that was started last. What you have written is kept aside."""
    if everything and exercise is not None:
        raise click.UsageError("either an exercise, or --all")
    session = _session(learner, state_dir)
    with _errors():
        found = None if everything else session.find(exercise)
        kept = session.reset(found)
    if as_json:
        _print_json(
            {
                "reset": [found.name] if found else [one.name for one in session.exercises()],
                "kept": [str(folder) for folder in kept],
            }
        )
        return
    click.echo(f"Forgotten: {found.title if found else 'every exercise'}.")
    for folder in kept:
        click.echo(f"What you have made is kept in {folder}.")


def _answered(session: Session, words: tuple[str, ...], task_id: str | None) -> tuple[Exercise, Task, str]:
    """What is answered, and with what. A task to instrument a service takes no answer, but perhaps an exercise."""
    missing = click.UsageError("expected an answer, or an exercise and an answer. Put quotes around a query: '…'")
    if len(words) > 2:
        raise missing
    try:
        exercise = session.find(words[0] if len(words) == 2 else None)
    except UnknownExercise:
        if not words:
            raise missing from None
        raise
    task = session.find_task(exercise, task_id)
    if task.service is not None and len(words) == 1:
        with suppress(UnknownExercise):
            other = session.find(words[0])
            exercise, task, words = other, session.find_task(other, task_id), ()
    if task.service is not None:
        if words:
            raise click.UsageError(f"task {task.id} takes no answer: your folder is looked at, as it is")
        return exercise, task, ""
    if not words:
        raise missing
    answer = sys.stdin.read() if words[-1] == "-" else words[-1]
    if not answer.strip():
        raise click.UsageError("the answer is empty")
    return exercise, task, answer


def _prepare_lab(exercise: Exercise, state_dir: StateDirectory) -> list[str]:
    """What is missing in the running lab, a sentence each."""
    state = _lab_for(exercise, state_dir)
    prepare_lab(exercise, state_dir)
    with TelemetryClient.from_backends(state.backends) as client:
        return unmet(exercise.needs, exercise.system, state, client)


def _session(learner: str | None, state_dir: StateDirectory) -> Session:
    with _errors():
        path = read_path(EXERCISES)
        progress = ProgressStore(progress_file())
        return Session(path.exercises, progress, learner or user_name(), _places(state_dir), unreadable=path.unreadable)


def _places(state_dir: StateDirectory) -> dict[str, str]:
    """Where this lab's pages are, or where those of a plainly started one would be."""
    try:
        state = running_lab(state_dir)
    except NotRunning:
        return dict(PLACES)
    urls = {process.name: process.url for process in state.processes if process.url}
    return places_of({**urls, **state.backends})


def _lab_for(exercise: Exercise, state_dir: StateDirectory) -> RunState:
    try:
        return running_lab(state_dir)
    except NotRunning as error:
        command = command_to_start(exercise.system, exercise.needs.requests_per_second)
        raise NotRunning(state_dir, f"{error.message}\nThis exercise needs a lab with traffic: {command}") from None


def _show(session: Session, exercise: Exercise, as_json: bool, notes: list[str]) -> None:
    if as_json:
        _print_json({**exercise_as_json(session, exercise, with_text=True), "notes": notes})
        return
    from lab.exercises import terminal_view
    from lab.terminal import make_console

    console = make_console()
    terminal_view.show_exercise(console, session, exercise)
    terminal_view.show_notes(console, notes)


def _print_json(content: object) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))


class _BadContent(click.ClickException):
    """An exercise cannot be read: nothing that the lab or the learner could do about it."""

    exit_code = 2


@contextmanager
def _errors() -> Iterator[None]:
    """What can go wrong, as the command line tells it: 2 for usage and content, 1 for all else."""
    from lab.faults.catalogue import CatalogueError, UnknownFault
    from lab.faults.flag_file import FlagFileError
    from lab.faults.parameters import ParameterError

    try:
        yield
    except UnknownExercise as error:
        raise click.UsageError(str(error)) from None
    except (ContentError, CatalogueError, UnknownFault, ParameterError) as error:
        raise _BadContent(str(error)) from None
    except NotNow as error:
        raise click.ClickException(f"{error} ({error.command})" if error.command else str(error)) from None
    except (ProgressError, TaskComesLater, TelemetryError, FlagFileError, WorkspaceError) as error:
        raise click.ClickException(str(error)) from None
