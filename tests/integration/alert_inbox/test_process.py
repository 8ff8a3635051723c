"""The inbox as a process: started, killed, started again, and told things that cannot be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.integration.alert_inbox.processes import InboxProcess, wait_for
from tests.machine import free_port
from tests.unit.alert_inbox.messages import message


def numbers(inbox: InboxProcess) -> list[str]:
    answer = requests.get(f"{inbox.url}/api/notifications", timeout=5).json()
    return [notification["groupLabels"]["number"] for notification in answer["notifications"]]


def test_notifications_outlive_a_kill(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "inbox.jsonl"
    with InboxProcess(port, file) as inbox:
        for number in range(3):
            assert requests.post(f"{inbox.url}/alertmanager", json=message(number), timeout=5).status_code == 200
        inbox.process.send_signal(signal.SIGKILL)
        inbox.process.wait(10)
        wait_for(lambda: not inbox.answers(), "the worker follows its parent")
    with InboxProcess(port, file) as inbox:
        assert numbers(inbox) == ["2", "1", "0"]


def test_it_ends_when_it_is_told(tmp_path: Path) -> None:
    with InboxProcess(free_port(), tmp_path / "inbox.jsonl") as inbox:
        inbox.process.terminate()
        inbox.process.wait(10)
        assert not inbox.answers()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ALERT_INBOX_PORT", "http", "ALERT_INBOX_PORT='http' is not a port: give a number from 1 to 65535"),
        ("ALERT_INBOX_FILE", "/dev/null/inbox.jsonl", "ALERT_INBOX_FILE cannot be used"),
        ("ALERT_INBOX_HOST", "256.0.0.1", "cannot serve the alert inbox on 256.0.0.1"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_it_with_a_sentence(
    tmp_path: Path, variable: str, value: str, said: str
) -> None:
    environment = os.environ | {
        "ALERT_INBOX_PORT": str(free_port()),
        "ALERT_INBOX_FILE": str(tmp_path / "inbox.jsonl"),
        variable: value,
    }
    outcome = subprocess.run(
        [sys.executable, "-m", "alert_inbox"], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert outcome.returncode != 0
    assert said in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_port_in_use_ends_it_with_a_sentence(tmp_path: Path) -> None:
    with InboxProcess(free_port(), tmp_path / "inbox.jsonl") as inbox:
        environment = os.environ | {
            "ALERT_INBOX_PORT": str(inbox.port),
            "ALERT_INBOX_FILE": str(tmp_path / "other.jsonl"),
        }
        outcome = subprocess.run(
            [sys.executable, "-m", "alert_inbox"],
            env=environment, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert outcome.returncode != 0
    assert f"cannot serve the alert inbox on 127.0.0.1:{inbox.port}" in outcome.stderr
    assert "Traceback" not in outcome.stderr
