"""What several verbs share: options, durations, and the question that most begin with: which lab runs?"""

import re
from collections.abc import Callable
from typing import Any

import click

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
