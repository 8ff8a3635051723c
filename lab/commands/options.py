"""What several verbs share: options, durations, and the question that most begin with: which lab runs?"""

import re
from collections.abc import Callable
from typing import Any

import click

from lab.manifest import DEFAULT_SYSTEM, System, discover, find
from lab.manifest_table import ManifestError
from lab.paths import STATE_DIR_VARIABLE, StateDirectory
from lab.run_state import RunState, read_run_state, supervisor_is_alive


def state_dir_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--state-dir`; the command gets `state_dir`, a StateDirectory."""
    return click.option(
        "--state-dir",
        metavar="DIRECTORY",
        type=click.Path(file_okay=False),
        callback=lambda context, parameter, value: StateDirectory.choose(value),
        help=f"Where the lab keeps its state and data [env: {STATE_DIR_VARIABLE}; default: .lab in the repository].",
    )(command)


def known_system(name: str) -> System:
    """Raises click.BadParameter."""
    try:
        return find(name)
    except ManifestError as error:
        raise click.BadParameter(str(error), param_hint="SYSTEM") from None


def chosen_system(name: str | None, state: RunState | None, fits: Callable[[System], bool]) -> System:
    """The one of this name; without a name the one that runs and fits, else the usual one.

    Raises click.BadParameter, and click.UsageError where several would do."""
    if name is not None:
        return known_system(name)
    known = discover()
    running = [known[one] for one in state.systems if one in known and fits(known[one])] if state else []
    if len(running) > 1:
        choices = " or ".join(f"--system {system.name}" for system in running)
        raise click.UsageError(f"several systems run in this lab: say which with {choices}")
    return running[0] if running else known_system(DEFAULT_SYSTEM)


class Duration(click.ParamType[int]):
    """`30`, `30s`, `5m`, `1h30m`: seconds as a whole number."""

    name = "duration"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", str(value).strip())
        hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
        total = hours * 3600 + minutes * 60 + seconds
        if total <= 0:
            self.fail(f"{value!r} is no duration; write 30s, 5m or 1h30m", parameter, context)
        return total


class NotRunning(click.ClickException):
    """There is no lab to talk to."""

    exit_code = 1

    def __init__(self, directory: StateDirectory, message: str = "") -> None:
        super().__init__(message or f"no lab is running with state in {directory.root}. Start one with: python3 lab up")


def running_lab(directory: StateDirectory) -> RunState:
    """The state of the lab that runs. Raises NotRunning."""
    state = read_run_state(directory)
    if state is None:
        raise NotRunning(directory)
    if not supervisor_is_alive(directory):
        raise NotRunning(
            directory,
            "the lab's supervisor has died, and what it started may still run. "
            "Clean up with `python3 lab down`, or just start again with `python3 lab up`",
        )
    return state
