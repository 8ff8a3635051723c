"""`lab load`: which system, how many users, for how long; and the table at the end."""

import json
import re
import socket
import time
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from lab.commands.options import Duration, NotRunning, chosen_system, known_system, running_lab, state_dir_option
from lab.load import LoadFailed, LoadPlan, LoadResult, become_web, run_headless
from lab.manifest import DEFAULT_SYSTEM, System
from lab.paths import StateDirectory
from lab.port_check import holder_of, is_free
from lab.ports import HOST, LabPorts, url
from lab.run_state import RunState
from lab.terminal import make_console

#: What Locust takes to begin.
_STARTUP_SECONDS = 2.0


@click.command(name="load")
@click.argument("named_system", required=False, metavar="[SYSTEM]")
@click.option(
    "--system",
    metavar="SYSTEM",
    help=f"On what [default: the one that runs, else {DEFAULT_SYSTEM}]. The same as SYSTEM without the word.",
)
@click.option("--users", "-u", type=click.IntRange(1, 100_000), default=10, show_default=True, help="Users at a time.")
@click.option(
    "--spawn-rate",
    "-r",
    type=click.FloatRange(min=0, min_open=True),
    help="Users that arrive per second [default: all].",
)
@click.option("--duration", "-t", type=Duration(), default="30s", show_default=True, help="For how long: 30s, 5m, 1h.")
@click.option("--host", help="Where users enter [default: the running lab's system].")
@click.option("--web", is_flag=True, help="Show Locust's web page and let the load be steered there.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@state_dir_option
def command(
    named_system: str | None,
    system: str | None,
    users: int,
    spawn_rate: float | None,
    duration: int,
    host: str | None,
    web: bool,
    as_json: bool,
    state_dir: StateDirectory,
) -> None:
    """Put load on a SYSTEM (default: the one that runs) with Locust, and show requests, failures and latencies.

    Exit code 1 when a request failed.
    """
    if named_system and system and named_system != system:
        raise click.UsageError(f"load goes on one system, either {named_system} or {system}")
    named = named_system or system
    if named is not None:
        # A name that nobody has is wrong whether a lab runs or not.
        known_system(named)
    state = _state(state_dir, host)
    chosen = chosen_system(named, state, lambda one: one.loadtest is not None)
    if chosen.loadtest is None:
        raise click.ClickException(f"system {chosen.name} has no load test: its manifest names none")
    ports = LabPorts().shifted(state.port_offset if state else 0)
    plan = LoadPlan(
        chosen.loadtest,
        host or _entry_url(state, chosen),
        users,
        spawn_rate or users,
        duration,
        f"{HOST}:{ports.loadtest_metrics}",
        # Containers have another place for it, and could not reach this machine's loopback anyway.
        state_dir.targets if state and state_dir.targets.is_dir() else None,
    )
    if web:
        _show_web(plan, state)
    _require_answer(plan.host)
    try:
        result = _run_headless(plan, quiet=as_json)
    except LoadFailed as error:
        raise click.ClickException(str(error)) from None
    report = result.report
    for warning in result.warnings:
        click.echo(f"lab: {warning}", err=True)
    if as_json:
        click.echo(json.dumps({"host": plan.host, "users": users, "duration_seconds": duration, **report}, indent=2))
    else:
        _show(report)
    total = report["total"]
    if not total["requests"]:
        raise click.ClickException("not one request was made")
    raise SystemExit(1 if total["failures"] else 0)


def _state(directory: StateDirectory, host: str | None) -> RunState | None:
    """The running lab; with a host of the user's own none is needed."""
    try:
        return running_lab(directory)
    except NotRunning:
        if host is None:
            raise
        return None


def _entry_url(state: RunState | None, system: System) -> str:
    for process in state.processes if state else ():
        if process.system == system.name and process.name == system.entry_service and process.url:
            return process.url
    raise click.ClickException(
        f"the running lab does not include {system.name}; start it with: python3 lab up --system {system.name}"
    )


def _require_answer(host: str) -> None:
    if not re.match(r"https?://", host):
        raise click.BadParameter(f"{host!r} is no address; write http://127.0.0.1:8001", param_hint="--host")
    parts = urlsplit(host)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        # No request: both sides' counts are compared afterwards.
        socket.create_connection((parts.hostname or "", port), timeout=10.0).close()
    except OSError as error:
        raise click.ClickException(f"{host} cannot be reached ({error}); see `lab status`") from None


def _show_web(plan: LoadPlan, state: RunState | None) -> NoReturn:
    port = LabPorts().shifted(state.port_offset if state else 0).locust
    if not is_free(port):
        raise click.ClickException(f"port {port}, for Locust's page, is in use by {holder_of(port)}")
    click.echo(f"Locust's page is at {url(port)}; end it with Ctrl-C.")
    become_web(plan, port)


def _run_headless(plan: LoadPlan, quiet: bool) -> LoadResult:
    console = make_console(stderr=True, quiet=quiet)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        title = f"{plan.users} {'user' if plan.users == 1 else 'users'} on {plan.host} for {plan.duration_seconds} s"
        task = progress.add_task(title, total=plan.duration_seconds)
        began = time.monotonic()

        def advance() -> None:
            elapsed = time.monotonic() - began
            progress.update(task, completed=elapsed)
            if elapsed > plan.duration_seconds + _STARTUP_SECONDS:
                progress.update(task, description="the last requests end, and the last numbers are scraped")

        return run_headless(plan, advance)


def _show(report: dict[str, Any]) -> None:
    console = make_console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("requests to", "count", "failures", "per second", "p50", "p95", "p99", "slowest"):
        table.add_column(heading, justify="left" if heading == "requests to" else "right")
    for entry in [*report["requests"], {**report["total"], "name": "all", "method": ""}]:
        table.add_row(
            f"{entry['method']} {entry['name']}".strip().replace("[", "\\["),
            f"{entry['requests']:,}",
            f"[red]{entry['failures']:,}[/red]" if entry["failures"] else "0",
            f"{entry['requests_per_second']:.1f}",
            *(_milliseconds(entry[f"{column}_seconds"]) for column in ("p50", "p95", "p99", "max")),
        )
    console.print(table)
    for failure in report["failures"]:
        console.print(
            f"{failure['count']} × {failure['method']} {failure['name']}: {failure['reason']}",
            markup=False,
            style="red",
        )


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
