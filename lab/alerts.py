"""Which alerts fire or are about to, asked of Prometheus' API; and what was told of them, asked of the lab's inbox.

Never raises: a lab whose servers are down, or answer rubbish, still has a status.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lab.http_probe import probe
from lab.telemetry_client import TelemetryClient, TelemetryError
from lab.workbench_links import dashboard_address

#: First what fires, and of that first what wakes somebody up.
_STATES = ("firing", "pending")
_SEVERITIES = ("page", "ticket")


@dataclass(frozen=True)
class Alert:
    """One alert of one rule. Texts that the rule does not have are empty."""

    name: str
    #: firing, or pending: its condition holds, but not for long enough yet.
    state: str
    severity: str
    service: str
    #: Unix seconds at which its condition began to hold.
    since: float
    summary: str
    look_first: str
    #: In Grafana, or where none runs, in the workbench; None when the rule names none.
    dashboard_url: str | None


@dataclass(frozen=True)
class Notification:
    """One message that Alertmanager has delivered: about one alert, or several that it has grouped."""

    #: Unix seconds.
    received_at: float
    #: firing or resolved.
    status: str
    alert_name: str
    service: str
    alert_count: int
    summary: str


@dataclass(frozen=True)
class AlertReport:
    alerts: tuple[Alert, ...] = ()
    #: Newest first.
    notifications: tuple[Notification, ...] = ()
    #: Why something of this is not known.
    problem: str | None = None


def read_alerts(client: TelemetryClient, workbench: str | None = None) -> AlertReport:
    """What fires and what is pending, the most pressing first.

    Rules name dashboards in Grafana; with an address of the workbench, these are the dashboards there."""
    try:
        alerts = [_alert(item, workbench) for item in client.alerts() if item.get("state") in _STATES]
    except TelemetryError as error:
        return AlertReport(problem=str(error))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return AlertReport(problem=f"Prometheus' alerts are not what was expected: {error!r}")
    return AlertReport(alerts=tuple(sorted(alerts, key=_pressing)))


def read_notifications(inbox_url: str, count: int) -> AlertReport:
    """The newest notifications that the inbox has received."""
    answer = probe(f"{inbox_url}/api/notifications?limit={count}")
    if not answer.ok:
        return AlertReport(problem=f"the alert inbox cannot be read: {answer.status or ''} {answer.reason}".strip())
    try:
        content = json.loads(answer.body)
        return AlertReport(notifications=tuple(map(_notification, content["notifications"])))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return AlertReport(problem=f"the alert inbox' answer is not what was expected: {error!r}")


def _alert(item: Mapping[str, Any], workbench: str | None) -> Alert:
    labels, annotations = item["labels"], item.get("annotations") or {}
    dashboard_url: str | None = _text(annotations.get("dashboard_url", "")) or None
    if dashboard_url is not None and workbench is not None:
        dashboard_url = dashboard_address(workbench, dashboard_url)
    return Alert(
        name=_text(labels["alertname"]),
        state=_text(item["state"]),
        severity=_text(labels.get("severity", "")),
        service=_text(labels.get("service", "")),
        since=_unix_seconds(item["activeAt"]),
        summary=_text(annotations.get("summary", "")),
        look_first=_text(annotations.get("look_first", "")),
        dashboard_url=dashboard_url,
    )


def _notification(item: Mapping[str, Any]) -> Notification:
    first = item["alerts"][0]
    return Notification(
        received_at=_unix_seconds(item["receivedAt"]),
        status=_text(item["status"]),
        alert_name=_text(first["labels"]["alertname"]),
        service=_text(first["labels"].get("service", "")),
        alert_count=len(item["alerts"]),
        summary=_text(first["annotations"].get("summary", "")),
    )


def _text(value: Any) -> str:
    """In one line, and without what a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in str(value))


def _pressing(alert: Alert) -> tuple[int, int, float]:
    severity = _SEVERITIES.index(alert.severity) if alert.severity in _SEVERITIES else len(_SEVERITIES)
    return _STATES.index(alert.state), severity, alert.since


def _unix_seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
