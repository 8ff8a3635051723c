"""Options that several verbs share, and the question that most of them begin with: which lab runs?"""

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
