"""`lab status`: what runs, what arrives, which alerts there are, and where to look."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict

import click

from lab import explore
from lab.alerts import AlertReport, read_alerts, read_notifications
from lab.arrival import Arrival, measure_arrival
from lab.commands.options import running_lab, state_dir_option
from lab.commands.status_view import Status, show
from lab.deadline import ask_all
from lab.health import check_all
from lab.paths import StateDirectory
from lab.process_group import resident_bytes
from lab.run_state import RunState
from lab.telemetry_client import TelemetryClient
from lab.terminal import make_console

#: A status that takes longer than this to find out is one that says so.
_QUESTION_SECONDS = 3.0
_DEADLINE_SECONDS = 8.0
_NOTIFICATIONS_IN_JSON = 20


@click.command(name="status")
@click.option("--links", "with_links", is_flag=True, help="Write the links' addresses out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
@state_dir_option
def command(with_links: bool, as_json: bool, state_dir: StateDirectory) -> None:
    """Show each service's health, what arrives per second, alerts, and links to look further.

    Exit code 0 only when everything is healthy and ready; an alert does not change that.
    """
    status = _find_out(running_lab(state_dir))
    if as_json:
        click.echo(json.dumps(_as_json(status), indent=2))
    else:
        show(make_console(), status, with_links)
    raise SystemExit(0 if status.healthy else 1)


def _find_out(state: RunState) -> Status:
    """Never raises for what a server answers, and comes to an end whatever it does."""
    processes = check_all(state)
    arrival, alerts, notifications = _ask_backends(state)
    return Status(
        at=time.time(),
        state=state,
        healthy=state.phase == "running" and all(process.healthy and process.ready for process in processes),
        processes=processes,
        supervisor_bytes=resident_bytes(state.supervisor, with_descendants=False),
        arrival=arrival,
        alerts=alerts,
        notifications=notifications,
        # A link for a trace whose id one has still to put in leads nowhere yet.
        links=[link for link in explore.links(state.backends) if explore.TRACE_ID not in link.url],
    )


def _ask_backends(state: RunState) -> tuple[Arrival, AlertReport, AlertReport]:
    backends = state.backends
    inbox = backends.get("alert_inbox")

    def arrival_of() -> Arrival:
        with TelemetryClient.from_backends(backends, _QUESTION_SECONDS) as client:
            return measure_arrival(client)

    def alerts_of() -> AlertReport:
        with TelemetryClient.from_backends(backends, _QUESTION_SECONDS) as client:
            return read_alerts(client, with_dashboards="grafana" in backends)

    def notifications_of() -> AlertReport:
        return read_notifications(inbox, _NOTIFICATIONS_IN_JSON) if inbox else AlertReport()

    too_late = f"no complete answer within {_DEADLINE_SECONDS:g} s"
    questions: list[Callable[[], Arrival | AlertReport]] = [arrival_of, alerts_of, notifications_of]
    arrival, alerts, notifications = ask_all(questions, _DEADLINE_SECONDS)
    return (
        arrival if isinstance(arrival, Arrival) else Arrival(None, None, None, f"Prometheus: {too_late}"),
        alerts if isinstance(alerts, AlertReport) else AlertReport(problem=f"Prometheus: {too_late}"),
        notifications if isinstance(notifications, AlertReport) else AlertReport(problem=f"alert inbox: {too_late}"),
    )


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
        "supervisor": {"pid": state.supervisor.pid, "resident_bytes": status.supervisor_bytes},
        "processes": [asdict(process) for process in status.processes],
        "arrival_per_second": asdict(status.arrival),
        "resident_bytes": status.resident_bytes,
        "alerts": [asdict(alert) for alert in status.alerts.alerts],
        "alerts_problem": status.alerts.problem,
        "notifications": [asdict(notification) for notification in status.notifications.notifications],
        "notifications_problem": status.notifications.problem,
        "links": [asdict(link) for link in status.links],
    }
