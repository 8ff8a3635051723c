"""The inbox's endpoints, and what they say to bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from alert_inbox.app import MAX_BODY_BYTES, build_app, create_app
from alert_inbox.inbox import Inbox
from alert_inbox.settings import Settings, read_settings
from tests.unit.alert_inbox.messages import alert, message


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "inbox.jsonl")


@pytest.fixture
def client(inbox: Inbox) -> FlaskClient:
    return build_app(inbox).test_client()


def test_what_is_posted_can_be_read(client: FlaskClient) -> None:
    for number in range(3):
        answer = client.post("/alertmanager", json=message(number))
        assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    answer = client.get("/api/notifications?limit=2")
    assert answer.status_code == 200
    assert answer.json["total"] == 3
    assert [notification["groupLabels"]["number"] for notification in answer.json["notifications"]] == ["2", "1"]


def test_without_a_limit_a_hundred_are_read(client: FlaskClient, inbox: Inbox) -> None:
    for number in range(101):
        inbox.add(message(number))
    assert len(client.get("/api/notifications").json["notifications"]) == 100
    assert len(client.get("/api/notifications?limit=1000").json["notifications"]) == 101


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "1.5", "²", "9" * 5_000])
def test_a_limit_that_is_none_is_refused(client: FlaskClient, limit: str) -> None:
    answer = client.get("/api/notifications", query_string={"limit": limit})
    assert answer.status_code == 400
    assert answer.json["error"]["type"] == "invalid_limit"
    assert answer.json["error"]["hint"] == "try ?limit=10"


def test_what_is_no_message_is_refused_and_not_kept(client: FlaskClient) -> None:
    answer = client.post("/alertmanager", data="hello")
    assert answer.status_code == 400
    assert answer.json["error"]["type"] == "not_a_message"
    assert "webhook_configs" in answer.json["error"]["hint"]
    assert client.get("/api/notifications").json == {"notifications": [], "total": 0}


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    answer = client.post("/alertmanager", data=b" " * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert "max_alerts" in answer.json["error"]["hint"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/alertmanager", 405), ("POST", "/api/notifications", 405), ("GET", "/nothing", 404)],
)
def test_other_requests_are_told_what_there_is(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert "POST /alertmanager" in answer.json["error"]["hint"]
    assert ("Allow" in answer.headers) == (status == 405)


def test_it_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/health").json == {"status": "ok", "service": "alert_inbox"}
    assert client.get("/ready").json == {"status": "ready", "service": "alert_inbox"}


def test_it_is_not_ready_while_the_file_cannot_be_written(client: FlaskClient, inbox: Inbox) -> None:
    inbox.failure = "the disk is full"
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json["error"]["message"] == "the disk is full"
    assert client.get("/health").status_code == 200


def test_the_page_shows_what_came_and_trusts_none_of_it(client: FlaskClient, inbox: Inbox) -> None:
    assert "no alert has fired" in client.get("/").text
    texts = {"summary": "<script>alert(1)</script>", "dashboard_url": "javascript:alert(1)", "look_first": "the log"}
    inbox.add(message(alerts=[alert(annotations=texts), alert(status="resolved")]))
    page = client.get("/").text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "javascript:" not in page
    assert 'href="http://127.0.0.1:3000/d/chain-database"' in page
    assert "Look first: the log" in page


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "9 095", "²"])
def test_a_port_that_is_none_is_named(port: str) -> None:
    with pytest.raises(ValueError, match="ALERT_INBOX_PORT"):
        read_settings({"ALERT_INBOX_PORT": port})


@pytest.mark.parametrize("environ", [{}, {"ALERT_INBOX_HOST": "", "ALERT_INBOX_PORT": "", "ALERT_INBOX_FILE": ""}])
def test_settings_have_defaults(environ: dict[str, str]) -> None:
    assert read_settings(environ) == Settings("127.0.0.1", 9095, Path(".lab/alert_inbox.jsonl"))


def test_the_app_keeps_its_file_where_it_is_told(tmp_path: Path) -> None:
    environ: dict[str, Any] = {"ALERT_INBOX_FILE": str(tmp_path / "here.jsonl")}
    create_app(environ).test_client().post("/alertmanager", json=message())
    assert (tmp_path / "here.jsonl").read_bytes().count(b"\n") == 1
