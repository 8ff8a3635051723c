"""From Alertmanager, with the lab's configuration, into the inbox: what arrives, what is left out, what ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.alert_inbox.processes import AlertmanagerProcess, InboxProcess, wait_for
from tests.machine import free_port

CONFIGURATION = Path(__file__).parents[3] / "observability" / "alertmanager" / "alertmanager.yml"
#: The lab waits some seconds for alerts that belong together; here nobody has to.
HURRIED = {
    "group_wait: 5s": "group_wait: 1s",
    "group_interval: 15s": "group_interval: 1s",
}


@dataclass
class Way:
    """Alertmanager and the inbox behind it."""

    alertmanager: str
    inbox: str

    def post(self, *alerts: dict[str, str], resolved: bool = False) -> None:
        """Post alerts with these labels as Prometheus does: firing, or just resolved."""
        now = datetime.now(UTC)
        ends = now if resolved else now + timedelta(minutes=4)
        body = [
            {
                "labels": labels,
                "annotations": {"summary": "something"},
                "startsAt": _shown(now - timedelta(minutes=1)),
                "endsAt": _shown(ends),
            }
            for labels in alerts
        ]
        answer = requests.post(f"{self.alertmanager}/api/v2/alerts", json=body, timeout=5)
        assert answer.status_code == 200, answer.text

    def notifications(self) -> list[dict[str, Any]]:
        """What has arrived, the oldest first."""
        answer = requests.get(f"{self.inbox}/api/notifications?limit=1000", timeout=5)
        return list(reversed(answer.json()["notifications"]))

    def told(self) -> list[tuple[str, str, str, list[str]]]:
        """Receiver, name, status, and the services of each notification."""
        return [
            (
                notification["receiver"],
                notification["groupLabels"]["alertname"],
                notification["status"],
                sorted(alert["labels"].get("service", "") for alert in notification["alerts"]),
            )
            for notification in self.notifications()
        ]


def _shown(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    inbox_port, alertmanager_port = free_port(), free_port()
    text = CONFIGURATION.read_text(encoding="utf-8")
    for written, hurried in {**HURRIED, "alert-inbox:9095": f"127.0.0.1:{inbox_port}"}.items():
        assert written in text
        text = text.replace(written, hurried)
    file = tmp_path / "alertmanager.yml"
    file.write_text(text, encoding="utf-8")
    with ExitStack() as stack:
        inbox = stack.enter_context(InboxProcess(inbox_port, tmp_path / "inbox.jsonl"))
        alertmanager = stack.enter_context(AlertmanagerProcess(alertmanager_port, file))
        yield Way(alertmanager.url, inbox.url)


def alert(name: str, severity: str, **labels: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, **labels}


def test_an_alert_arrives_and_is_taken_back(way: Way) -> None:
    down = alert("TargetDown", "page", service="database")
    way.post(down)
    wait_for(lambda: way.told() == [("page", "TargetDown", "firing", ["database"])], "the alert arrives")
    way.post(down, resolved=True)
    wait_for(lambda: len(way.told()) == 2, "its end arrives")
    assert way.told()[-1] == ("page", "TargetDown", "resolved", ["database"])


def test_a_service_gone_and_the_errors_that_follow_both_arrive(way: Way) -> None:
    way.post(
        alert("TargetDown", "page", service="database"),
        alert("HighErrorRate", "page", service="backend"),
        alert("HighErrorRate", "page", service="frontend"),
    )
    wait_for(lambda: len(way.told()) >= 3, "three notifications")
    assert sorted(way.told()) == [
        ("page", "HighErrorRate", "firing", ["backend"]),
        ("page", "HighErrorRate", "firing", ["frontend"]),
        ("page", "TargetDown", "firing", ["database"]),
    ]


def test_alerts_of_one_kind_and_service_come_in_one_message(way: Way) -> None:
    way.post(
        *(alert("SlowDatabaseQueries", "ticket", service="database", table=table) for table in ("users", "orders")),
        alert("SlowServiceCalls", "ticket", service="database", client="backend", server="database"),
    )
    wait_for(lambda: len(way.told()) >= 2, "two notifications")
    assert sorted(way.told()) == [
        ("ticket", "SlowDatabaseQueries", "firing", ["database", "database"]),
        ("ticket", "SlowServiceCalls", "firing", ["database"]),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "targets", "others"),
    [
        (
            alert("ErrorBudgetBurnFast", "page", service="frontend", slo="latency"),
            [alert("ErrorBudgetBurnSlow", "ticket", service="frontend", slo="latency")],
            [
                alert("ErrorBudgetBurnSlow", "ticket", service="frontend", slo="availability"),
                alert("ErrorBudgetBurnSlow", "ticket", service="client-gateway", slo="latency"),
            ],
        ),
        (
            alert("TargetDown", "page", service="frontend"),
            [alert("NoTraffic", "ticket", service="frontend")],
            [alert("NoTraffic", "ticket", service="backend")],
        ),
        (
            alert("TelemetryDropped", "ticket", service="backend", signal="logs"),
            [alert("TelemetryNotDelivered", "ticket", service="backend", signal="logs")],
            [alert("TelemetryNotDelivered", "ticket", service="backend", signal="spans")],
        ),
        (
            alert("TargetDown", "page", service="loki"),
            [alert("TelemetryNotDelivered", "ticket", service=name, signal="logs") for name in ("frontend", "backend")],
            [alert("TelemetryNotDelivered", "ticket", service="frontend", signal="spans")],
        ),
        (
            alert("TargetDown", "page", service="tempo"),
            [alert("TelemetryNotDelivered", "ticket", service="frontend", signal="spans")],
            [alert("TelemetryNotDelivered", "ticket", service="frontend", signal="logs")],
        ),
        (
            alert("TargetDown", "page", service="telemetry_store"),
            [alert("TelemetryNotDelivered", "ticket", service="frontend", signal=name) for name in ("logs", "spans")],
            [alert("TelemetryDropped", "ticket", service="frontend", signal="logs")],
        ),
        (
            alert("SlowDatabaseQueries", "ticket", service="database", table="users"),
            [alert("SlowQueriesRising", "ticket", service="database", table="users")],
            [alert("SlowQueriesRising", "ticket", service="database", table="orders")],
        ),
        (
            alert("TargetDown", "page", service="matching-engine"),
            [alert("NoTrades", "page", service="matching-engine")],
            [alert("EventsLate", "ticket", service="matching-engine", group="matching-engine")],
        ),
        (
            alert("PostgresqlUnavailable", "page", service="postgresql"),
            [alert("NoFreeConnection", "ticket", service="wallet-service")],
            [alert("GatewayErrorRateHigh", "page", service="client-gateway")],
        ),
    ],
    ids=lambda value: f"{value['alertname']} {value.get('service', '')}".strip() if isinstance(value, dict) else None,
)
def test_what_says_nothing_new_is_left_out_and_everything_else_is_told(
    way: Way, source: dict[str, str], targets: list[dict[str, str]], others: list[dict[str, str]]
) -> None:
    def delivered() -> list[dict[str, str]]:
        return [alert["labels"] for notification in way.notifications() for alert in notification["alerts"]]

    # First the cause: what comes with it in the same moment may be told before Alertmanager knows that it should not.
    way.post(source)
    wait_for(lambda: source in delivered(), "the cause is told")
    way.post(*targets, *others)
    wait_for(lambda: all(other in delivered() for other in others), "what the cause does not explain is told")
    # Groups are told one by one: a marker that comes later is told later than everything that was to be told.
    marker = alert("Marker", "ticket", service="later")
    way.post(marker)
    wait_for(lambda: marker in delivered(), "the marker is told")
    assert not [target for target in targets if target in delivered()]
