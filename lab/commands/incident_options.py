"""What the verbs of `lab incident` share: options, a refusal, and how they print."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import click

from lab.commands.options import state_dir_option
from lab.faults.flag_file import FlagFile, FlagFileError
from lab.incidents.files import IncidentFiles
from lab.paths import StateDirectory

#: Which system incidents are about.
SYSTEM = "chain"

RUNS_ALREADY = "an incident runs already: answer it, or end it with python3 lab incident stop"


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    function = state_dir_option(function)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")(function)


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
