"""`lab incident bench | record | replay | export`: many incidents, and those that are kept."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any, cast

import click

from lab.commands.incident_options import (
    RUNS_ALREADY,
    about_of,
    clock_time,
    common,
    print_json,
    require_nothing_on,
    system_option,
)
from lab.commands.options import Duration, running_lab
from lab.end_signals import stop_on_signals
from lab.faults.catalogue import CatalogueError
from lab.faults.flag_file import FlagFileError
from lab.incidents.files import IncidentFiles, IncidentRunning
from lab.incidents.scenario import LEVELS, TASKS, Level, Task
from lab.paths import StateDirectory
from lab.telemetry_client import TelemetryClient, TelemetryError


class Seeds(click.ParamType[list[int]]):
    """`1..50`, `7`, `1..5,9`: a list of seeds."""

    name = "seeds"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> list[int]:
        if isinstance(value, list):
            return value
        seeds: list[int] = []
        for part in str(value).split(","):
            first, dots, last = part.strip().partition("..")
            if not first.isdigit() or (dots and not last.isdigit()):
                self.fail(f"{value!r} is no list of seeds; write 7, 1..50 or 1..5,9", parameter, context)
            seeds += range(int(first), int(last or first) + 1)
        if not seeds or min(seeds) < 1 or len(seeds) > 10_000:
            self.fail(f"{value!r} must name seeds from 1 on, the smaller one first", parameter, context)
        return list(dict.fromkeys(seeds))


@click.command()
@click.option("--seeds", type=Seeds(), required=True, metavar="1..50", help="Which incidents.")
@click.option("--level", type=click.Choice(LEVELS), default="easy", show_default=True, help="How hard they are to see.")
@click.option(
    "--task",
    "tasks",
    type=click.Choice(TASKS),
    multiple=True,
    help="What is asked; may be repeated [default: detect, locate, analyse, which can share an incident].",
)
@click.option("--agent", metavar="COMMAND", help="The program to score.")
@click.option(
    "--player",
    "players",
    multiple=True,
    metavar="NAME",
    help="Only these: agent, baseline, always-yes, do-nothing, random.",
)
@click.option("--output", type=click.Path(dir_okay=False, writable=True), help="Also write everything there, as JSON.")
@system_option
@common
def bench(
    seeds: list[int],
    level: str,
    tasks: tuple[str, ...],
    agent: str | None,
    players: tuple[str, ...],
    output: str | None,
    system: str | None,
    as_json: bool,
    state_dir: StateDirectory,
) -> None:
    """Score a program over many incidents on the running lab, beside players that look at nothing and a baseline.

    The program is run once for each task and incident. Its environment has LAB_INCIDENT_URL (GET /task, GET /labels,
    POST /act, POST /answer) and LAB_PROMETHEUS_URL, LAB_LOKI_URL, LAB_TEMPO_URL, and nothing else of the lab's.
    """
    from contextlib import ExitStack

    from lab.incidents.bench import Played, players_of
    from lab.incidents.bench import bench as play_all
    from lab.incidents.watcher import open_lab

    known = players_of(agent)
    for player in players:
        if player not in known:
            hint = " (which needs --agent COMMAND)" if player == "agent" else ""
            raise click.UsageError(f"there is no player {player!r}{hint}; there are {', '.join(known)}")
    if agent is not None:
        _require_command(agent)
    if output:
        # Said before the first incident, and not after the last.
        _require_writable(output)
    state = running_lab(state_dir)
    require_nothing_on(state_dir)
    about = about_of(system, state)

    def say_played(played: Played) -> None:
        problem = f"  [{played.problem}]" if played.problem else ""
        why = "; ".join(played.reasons) + problem
        click.echo(f"seed {played.seed}  {played.task:8}{played.player:12}{played.score:.2f}  {why}", err=True)

    try:
        with IncidentFiles(state_dir).held(), ExitStack() as undo, stop_on_signals() as stop:
            results = play_all(
                open_lab(state_dir, state, about, undo),
                seeds,
                cast(Level, level),
                cast(tuple[Task, ...], tasks or ("detect", "locate", "analyse")),
                agent=agent,
                players=players or None,
                stop=stop,
                on_played=say_played,
                on_not_set_up=lambda seed, why: click.echo(f"seed {seed}  not set up: {why}", err=True),
            )
    except IncidentRunning:
        raise click.ClickException(RUNS_ALREADY) from None
    except (CatalogueError, FlagFileError) as error:
        raise click.ClickException(str(error)) from None
    if output:
        with open(output, "w", encoding="utf-8") as file:
            json.dump(results.as_json(), file, ensure_ascii=False, indent=2)
    if as_json:
        print_json(results.as_json())
    else:
        click.echo(results.as_markdown())
    if stop.is_set():
        click.echo("It was ended before all was played.", err=True)
        # As Ctrl-C does elsewhere.
        raise SystemExit(130)


def _require_command(agent: str) -> None:
    try:
        words = shlex.split(agent)
    except ValueError as error:
        raise click.UsageError(f"--agent {agent!r} is no command: {error}") from None
    if not words:
        raise click.UsageError("--agent needs a command")
    if shutil.which(words[0]) is None:
        raise click.UsageError(f"--agent {words[0]!r} is no program that can be run")


def _require_writable(path: str) -> None:
    try:
        with open(path, "a", encoding="utf-8"):
            pass
    except OSError as error:
        raise click.UsageError(f"--output {path} cannot be written: {error.strerror}") from None


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--before", type=Duration(), default=120, show_default=True, help="How much of the time before it to keep."
)
@common
def record(folder: Path, before: int, as_json: bool, state_dir: StateDirectory) -> None:
    """Keep the last incident, all three signals and the truth, in FOLDER: for others, and for later."""
    from lab.incidents.recording import RecordingError
    from lab.incidents.recording import record as write_recording

    state = running_lab(state_dir)
    files = IncidentFiles(state_dir)
    content, truth = files.report(), files.truth()
    if content is None or truth is None:
        raise click.ClickException("there is no incident to keep that has been answered")
    ends = [fault["end"] or 0 for fault in truth["faults"]] + [content["answered_at"] or 0, truth["clock_started_at"]]
    try:
        with TelemetryClient.from_backends(state.backends) as client:
            kept = write_recording(client, folder, truth["healthy_at"] - before, max(ends) + 5, truth)
    except (RecordingError, TelemetryError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        print_json({"folder": str(folder), "start": kept.start, "end": kept.end})
    else:
        click.echo(
            f"{folder} has {kept.end - kept.start:.0f} s of it. See it again: python3 lab incident replay {folder}"
        )


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@common
def replay(folder: Path, as_json: bool, state_dir: StateDirectory) -> None:
    """Load a recording into the running lab, as if it had just ended. Best into one without traffic.

    FOLDER is what `record` has written. Nothing of the truth is loaded or shown.
    """
    from lab.incidents.recording import RecordingError, read_recording
    from lab.incidents.replaying import replay as load

    state = running_lab(state_dir)
    try:
        done = load(read_recording(folder), state.backends)
    except RecordingError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        print_json(
            {"start": done.start, "end": done.end, "series": done.series, "lines": done.lines, "traces": done.traces}
        )
        return
    click.echo(f"Loaded {done.series} series, {done.lines} log lines and {done.traces} traces.")
    click.echo(
        f"The incident lies between {clock_time(done.start)} and {clock_time(done.end)}: {state.backends['workbench']}"
    )


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seeds", type=Seeds(), required=True, metavar="1..50", help="Which incidents.")
@click.option("--level", type=click.Choice(LEVELS), default="easy", show_default=True, help="How hard they are to see.")
@click.option("--before", type=Duration(), default=60, show_default=True, help="Healthy time to keep of each.")
@click.option("--after", type=Duration(), default=60, show_default=True, help="Time with the fault to keep of each.")
@click.option("--parquet", is_flag=True, help="Also write Parquet, if pyarrow is installed.")
@system_option
@common
def export(
    folder: Path,
    seeds: list[int],
    level: str,
    before: int,
    after: int,
    parquet: bool,
    system: str | None,
    as_json: bool,
    state_dir: StateDirectory,
) -> None:
    """Run incidents one after the other and write each into FOLDER as CSV, with its truth, in RCAEval's layout."""
    from contextlib import ExitStack

    from lab.incidents.export import ParquetUnavailable
    from lab.incidents.exporting import export_all
    from lab.incidents.recording import RecordingError
    from lab.incidents.watcher import open_lab

    state = running_lab(state_dir)
    require_nothing_on(state_dir)
    about = about_of(system, state)
    try:
        with IncidentFiles(state_dir).held(), ExitStack() as undo, stop_on_signals() as stop:
            lab = open_lab(state_dir, state, about, undo)
            cases = export_all(
                lab,
                seeds,
                cast(Level, level),
                folder,
                before_seconds=before,
                after_seconds=after,
                parquet=parquet,
                stop=stop,
                on_case=lambda seed, what: click.echo(f"seed {seed}  {what}", err=True),
            )
    except IncidentRunning:
        raise click.ClickException(RUNS_ALREADY) from None
    except (CatalogueError, FlagFileError, RecordingError, ParquetUnavailable, TelemetryError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be written: {error}") from None
    if as_json:
        print_json({"folder": str(folder), "cases": {str(seed): str(path) for seed, path in cases.items()}})
    else:
        click.echo(f"{len(cases)} {'case is' if len(cases) == 1 else 'cases are'} in {folder}.")
    if stop.is_set():
        click.echo("It was ended before all was written.", err=True)
        raise SystemExit(130)
