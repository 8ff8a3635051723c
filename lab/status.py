"""What a running lab's status is: asked of its processes and its backends, each with an end to the waiting."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab import explore
from lab.alerts import AlertReport, read_alerts, read_notifications
from lab.arrival import Arrival, measure_arrival
from lab.deadline import ask_all
from lab.explore import Link
from lab.health import ProcessHealth, check_all
from lab.process_group import memory_bytes
from lab.run_state import RunState
from lab.telemetry_client import TelemetryClient
from lab.workbench_links import TRACE_ID

#: A status that takes longer than this to find out is one that says so.
_QUESTION_SECONDS = 3.0
_DEADLINE_SECONDS = 8.0
_NOTIFICATIONS = 20


@dataclass(frozen=True)
class Status:
    """Everything that was found out about a running lab."""

    #: Unix seconds of finding out.
    at: float
    state: RunState
    healthy: bool
    processes: list[ProcessHealth]
    supervisor_bytes: int
    arrival: Arrival
    alerts: AlertReport
    notifications: AlertReport
    links: list[Link]

    @property
    def memory_bytes(self) -> int:
        return self.supervisor_bytes + sum(process.memory_bytes for process in self.processes)


def find_out(state: RunState) -> Status:
    """Never raises for what a server answers, and comes to an end whatever it does."""
    processes = check_all(state)
    arrival, alerts, notifications = _ask_backends(state)
    return Status(
        at=time.time(),
        state=state,
        healthy=state.phase == "running" and all(process.healthy and process.ready for process in processes),
        processes=processes,
        supervisor_bytes=memory_bytes(state.supervisor, with_descendants=False),
        arrival=arrival,
        alerts=alerts,
        notifications=notifications,
        # A link for a trace whose id one has still to put in leads nowhere yet.
        links=[link for link in explore.links(state.backends, state.systems) if TRACE_ID not in link.url],
    )


def _ask_backends(state: RunState) -> tuple[Arrival, AlertReport, AlertReport]:
    backends = state.backends
    inbox = backends.get("alert_inbox")

    def arrival_of() -> Arrival:
        with TelemetryClient.from_backends(backends, _QUESTION_SECONDS) as client:
            return measure_arrival(client)

    def alerts_of() -> AlertReport:
        with TelemetryClient.from_backends(backends, _QUESTION_SECONDS) as client:
            return read_alerts(client, None if "grafana" in backends else backends["workbench"])

    def notifications_of() -> AlertReport:
        return read_notifications(inbox, _NOTIFICATIONS) if inbox else AlertReport()

    too_late = f"no complete answer within {_DEADLINE_SECONDS:g} s"
    questions: list[Callable[[], Arrival | AlertReport]] = [arrival_of, alerts_of, notifications_of]
    arrival, alerts, notifications = ask_all(questions, _DEADLINE_SECONDS)
    return (
        arrival if isinstance(arrival, Arrival) else Arrival(None, None, None, f"Prometheus: {too_late}"),
        alerts if isinstance(alerts, AlertReport) else AlertReport(problem=f"Prometheus: {too_late}"),
        notifications if isinstance(notifications, AlertReport) else AlertReport(problem=f"alert inbox: {too_late}"),
    )
