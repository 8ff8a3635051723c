"""Alerts and notifications as `lab status` tells them, also when the servers answer something else than they should."""

import json

import pytest

from lab.alerts import Alert, AlertReport, Notification, read_alerts, read_notifications
from lab.telemetry_client import TelemetryClient
from lab.workbench_links import dashboard_address

ALERTS = {
    "status": "success",
    "data": {
        "alerts": [
            {
                "labels": {"alertname": "SlowCalls", "severity": "ticket", "service": "backend"},
                "annotations": {"summary": "slow", "look_first": "there", "dashboard_url": "http://127.0.0.1:3000/d/x"},
                "state": "firing",
                "activeAt": "2026-11-21T08:00:05.123456789Z",
                "value": "1e+00",
            },
            {
                "labels": {"alertname": "Bare"},
                "annotations": {},
                "state": "pending",
                "activeAt": "2026-11-21T08:00:00Z",
            },
            {
                "labels": {"alertname": "Gone", "severity": "page", "service": "database"},
                "annotations": {"summary": "gone"},
                "state": "firing",
                "activeAt": "2026-11-21T08:00:06Z",
            },
        ]
    },
}

NOTIFICATIONS = {
    "notifications": [
        {
            "receivedAt": "2026-11-21T08:00:10.500Z",
            "status": "resolved",
            "alerts": [
                {"labels": {"alertname": "Gone", "service": "database"}, "annotations": {"summary": "gone"}},
                {"labels": {"alertname": "Gone"}, "annotations": {}},
            ],
        }
    ]
}

EIGHT = 1795248000.0  # 2026-11-21T08:00:00Z


@pytest.fixture
def answering(json_server):
    """answering(content): a client, and an inbox' address, whose server answers everything with this content."""

    def start(content, status=200):
        address = json_server(content if isinstance(content, bytes) else json.dumps(content).encode(), status)
        return TelemetryClient(address, address, address, timeout_seconds=1.0), address

    return start


def test_what_fires_comes_first_and_of_that_what_pages(answering):
    client, _ = answering(ALERTS)

    assert read_alerts(client) == AlertReport(
        alerts=(
            Alert("Gone", "firing", "page", "database", EIGHT + 6, "gone", "", None),
            Alert(
                "SlowCalls",
                "firing",
                "ticket",
                "backend",
                EIGHT + 5.123456,
                "slow",
                "there",
                "http://127.0.0.1:3000/d/x",
            ),
            Alert("Bare", "pending", "", "", EIGHT, "", "", None),
        )
    )


def test_without_a_grafana_the_workbench_shows_the_dashboard(answering):
    client, _ = answering(ALERTS)

    alerts = read_alerts(client, "http://127.0.0.1:8000").alerts
    assert [alert.dashboard_url for alert in alerts] == [None, "http://127.0.0.1:8000/dashboards/x", None]


@pytest.mark.parametrize(
    ("in_grafana", "here"),
    [
        ("http://g:3000/d/chain-slo/its-title?var-a=b&from=now-1h", "/dashboards/chain-slo?var-a=b&from=now-1h"),
        ("http://g:3000/d/chain-slo", "/dashboards/chain-slo"),
        ("http://g:3000/explore?panes=1", None),
        ("http://g:3000/d/", None),
        ("runbook", None),
        ("", None),
    ],
)
def test_only_a_dashboard_has_an_address_in_the_workbench(in_grafana, here):
    assert dashboard_address("http://w", in_grafana) == (here and f"http://w{here}")


def test_a_notification_is_told_by_its_first_alert_and_how_many_there_are(answering):
    _, address = answering(NOTIFICATIONS)

    assert read_notifications(address, 5).notifications == (
        Notification(EIGHT + 10.5, "resolved", "Gone", "database", 2, "gone"),
    )


def test_a_text_is_one_line_and_nothing_that_a_terminal_obeys(answering):
    labels = {"alertname": "A\x1b[2J", "service": "\x00", "severity": "\x9b1m"}
    annotations = {"summary": "two\nlines", "look_first": "\t\u202e", "dashboard_url": "http://127.0.0.1/\x07"}
    alert = {"labels": labels, "annotations": annotations, "state": "firing", "activeAt": "2026-11-21T08:00:00Z"}
    client, _ = answering({"status": "success", "data": {"alerts": [alert]}})

    assert read_alerts(client).alerts == (
        Alert("A [2J", "firing", " 1m", " ", EIGHT, "two lines", "  ", "http://127.0.0.1/ "),
    )


RUBBISH = [
    b"",
    b"<html>",
    b"\xff\xfe",
    [],
    "text",
    None,
    {"status": "success"},
    {"status": "success", "data": []},
    {"status": "success", "data": {"alerts": [1]}},
    {"status": "success", "data": {"alerts": [{"state": "firing"}]}},
    {"status": "success", "data": {"alerts": [{"state": "firing", "labels": {"alertname": "A"}, "activeAt": "soon"}]}},
    {"status": "error", "error": "broken", "errorType": "internal"},
    {"notifications": 1},
    {"notifications": [{}]},
    {"notifications": [{"alerts": [], "receivedAt": "2026-11-21T08:00:00Z", "status": "firing"}]},
]


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("content", RUBBISH, ids=lambda content: str(content)[:60])
def test_rubbish_is_a_problem_that_is_told_and_nothing_worse(answering, content, status):
    client, address = answering(content, status)

    alerts, notifications = read_alerts(client), read_notifications(address, 5)

    assert alerts.problem
    assert notifications.problem
    assert (alerts.alerts, notifications.notifications) == ((), ())


def test_nobody_there_is_a_problem_too():
    client = TelemetryClient(*["http://127.0.0.1:9"] * 3, timeout_seconds=1.0)

    assert "cannot be reached" in (read_alerts(client).problem or "")
    assert "nothing listens there" in (read_notifications("http://127.0.0.1:9", 5).problem or "")
