"""What the verbs of `lab incident` share: options, which system it is about, a refusal, and how they print."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import click

from lab.commands.options import chosen_system, state_dir_option
from lab.faults.flag_file import FlagFile, FlagFileError
from lab.incidents.files import IncidentFiles
from lab.incidents.system_file import NoIncidents, SystemIncidents, has_incidents, read_system_incidents
from lab.manifest import DEFAULT_SYSTEM
from lab.paths import StateDirectory
from lab.run_state import RunState

RUNS_ALREADY = "an incident runs already: answer it, or end it with python3 lab incident stop"


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    function = state_dir_option(function)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")(function)


def system_option(function: Callable[..., Any]) -> Callable[..., Any]:
    help_text = f"Which system it is about [default: the one that runs, else {DEFAULT_SYSTEM}]."
    return click.option("--system", metavar="SYSTEM", help=help_text)(function)


def about_of(system: str | None, state: RunState | None) -> SystemIncidents:
    """What incidents of the chosen system need to know. Raises ClickException."""
    chosen = chosen_system(system, state, has_incidents)
    if state is not None and chosen.name not in state.systems:
        raise click.ClickException(
            f"{chosen.name} does not run in this lab. "
            f"Start one with it: python3 lab down; python3 lab up --system {chosen.name}"
        )
    try:
        return read_system_incidents(chosen)
    except NoIncidents as error:
        raise click.ClickException(str(error)) from None


def require_nothing_on(state_dir: StateDirectory) -> None:
    # First: that something is on would tell the player of an incident that there is something to find.
    if IncidentFiles(state_dir).is_running():
        raise click.ClickException(RUNS_ALREADY)
    try:
        on = FlagFile(state_dir.flag_file).switched_on()
    except FlagFileError as error:
        raise click.ClickException(str(error)) from None
    if on:
        raise click.ClickException("something is switched on in this lab already. Begin with: python3 lab fault clear")


def clock_time(unix_seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(unix_seconds))


def print_json(content: object) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))
