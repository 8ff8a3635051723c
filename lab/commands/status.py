"""`lab status`: one table of processes, one line of what arrives."""

import json
import time
from dataclasses import asdict

import click

from lab.arrival import Arrival, measure_arrival
from lab.commands.options import running_lab, state_dir_option
from lab.health import ProcessHealth, check_all
from lab.paths import StateDirectory
from lab.process_group import resident_bytes
from lab.run_state import RunState
from lab.telemetry_client import TelemetryClient


@click.command(name="status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
@state_dir_option
def command(as_json: bool, state_dir: StateDirectory) -> None:
    """Show each service's health, and how many samples, log lines and spans arrive per second.

    Exit code 0 only when everything is healthy and ready.
    """
    state = running_lab(state_dir)
    processes = check_all(state)
    with TelemetryClient.from_backends(state.backends) as client:
        arrival = measure_arrival(client)
    supervisor_bytes = resident_bytes(state.supervisor, with_descendants=False)
    healthy = state.phase == "running" and all(process.healthy and process.ready for process in processes)
    if as_json:
        click.echo(json.dumps(_as_json(state, processes, arrival, supervisor_bytes, healthy), indent=2))
    else:
        _show(state, processes, arrival, supervisor_bytes)
    raise SystemExit(0 if healthy else 1)


def _as_json(
    state: RunState, processes: list[ProcessHealth], arrival: Arrival, supervisor_bytes: int, healthy: bool
) -> dict[str, object]:
    return {
        "healthy": healthy,
        "phase": state.phase,
        "stack": state.stack,
        "systems": state.systems,
        "port_offset": state.port_offset,
        "uptime_seconds": round(time.time() - state.started_at, 1),
        "backends": state.backends,
        "supervisor": {"pid": state.supervisor.pid, "resident_bytes": supervisor_bytes},
        "processes": [asdict(process) for process in processes],
        "arrival_per_second": asdict(arrival),
        "resident_bytes": supervisor_bytes + sum(process.resident_bytes for process in processes),
    }


def _show(state: RunState, processes: list[ProcessHealth], arrival: Arrival, supervisor_bytes: int) -> None:
    from rich.table import Table

    from lab.terminal import make_console

    console = make_console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading, justify in (
        ("process", "left"),
        ("health", "left"),
        ("ready", "left"),
        ("pid", "right"),
        ("up", "right"),
        ("restarts", "right"),
        ("memory", "right"),
        ("address", "left"),
    ):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for process in processes:
        table.add_row(
            process.name,
            _mark(process.healthy),
            _mark(process.ready),
            str(process.pid or "–"),
            _duration(process.uptime_seconds),
            str(process.restarts),
            _megabytes(process.resident_bytes),
            process.url or "",
        )
    table.add_row(
        "supervisor",
        "",
        "",
        str(state.supervisor.pid),
        _duration(time.time() - state.started_at),
        "",
        _megabytes(supervisor_bytes),
    )
    console.print(table)
    for process in processes:
        if process.problem:
            console.print(f"{process.name}: {process.problem}", markup=False, style="red")
    console.print()
    console.print(
        f"arriving per second: {_rate(arrival.samples)} samples, {_rate(arrival.log_lines)} log lines, "
        f"{_rate(arrival.spans)} spans",
        markup=False,
    )
    if arrival.problem:
        console.print(arrival.problem, markup=False, style="red")
    total = supervisor_bytes + sum(process.resident_bytes for process in processes)
    console.print(f"memory of the whole lab: {_megabytes(total)}", markup=False)


def _mark(good: bool) -> str:
    return "[green]ok[/green]" if good else "[red]no[/red]"


def _rate(value: float | None) -> str:
    if value is None:
        return "? (not known yet)"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
