"""`lab status`: what runs, what arrives, which alerts there are, and where to look."""

import json
from dataclasses import asdict

import click

from lab.commands.options import running_lab, state_dir_option
from lab.explore import unusable_questions
from lab.paths import StateDirectory
from lab.status import Status, find_out


@click.command(name="status")
@click.option("--links", "with_links", is_flag=True, help="Write the links' addresses out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
@state_dir_option
def command(with_links: bool, as_json: bool, state_dir: StateDirectory) -> None:
    """Show each service's health, what arrives per second, alerts, and links to look further.

    Exit code 0 only when everything is healthy and ready; an alert does not change that.
    """
    status = find_out(running_lab(state_dir))
    for problem in unusable_questions(status.state.systems):
        click.echo(f"lab: {problem}", err=True)
    if as_json:
        click.echo(json.dumps(_as_json(status), indent=2))
    else:
        # Tables take a while to import, and other programs want none.
        from lab.commands.status_view import show
        from lab.terminal import make_console

        show(make_console(), status, with_links)
    raise SystemExit(0 if status.healthy else 1)


def _as_json(status: Status) -> dict[str, object]:
    state = status.state
    return {
        "healthy": status.healthy,
        "phase": state.phase,
        "stack": state.stack,
        "systems": state.systems,
        "port_offset": state.port_offset,
        "uptime_seconds": round(status.at - state.started_at, 1),
        "backends": state.backends,
        "notes": state.notes,
        "supervisor": {"pid": state.supervisor.pid, "memory_bytes": status.supervisor_bytes},
        "processes": [asdict(process) for process in status.processes],
        "arrival_per_second": asdict(status.arrival),
        "memory_bytes": status.memory_bytes,
        "alerts": [asdict(alert) for alert in status.alerts.alerts],
        "alerts_problem": status.alerts.problem,
        "notifications": [asdict(notification) for notification in status.notifications.notifications],
        "notifications_problem": status.notifications.problem,
        "links": [asdict(link) for link in status.links],
    }
