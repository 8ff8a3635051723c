"""Rules in a running store: what the API says about them, what they write, and what a real Alertmanager gets."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.machine import free_port, program

RULES = """
groups:
  - name: lab
    interval: 200ms
    rules:
      - record: answer
        expr: vector(42)
        labels: {team: lab}
      - alert: Always
        expr: answer > 40
        labels: {severity: page}
        annotations: {summary: "{{ $value }} in {{ $externalLabels.cluster }}"}
      - alert: Waiting
        expr: vector(1)
        for: 1h
  - name: broken
    interval: 200ms
    rules:
      - record: never
        expr: answer * on (nothing) group_left () (answer or label_replace(answer, "a", "b", "", ""))
"""
QUIET = RULES.replace("answer > 40", "answer > 50")


def data(store: Any, path: str, **parameters: Any) -> Any:
    answer = store.get("prometheus", path, **parameters)
    assert answer.status == 200, answer.text
    return answer.json["data"]


def states(store: Any) -> dict[str, str]:
    return {
        rule["name"]: rule.get("state", rule["health"])
        for group in data(store, "/api/v1/rules")["groups"]
        for rule in group["rules"]
    }


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yml"
    file.write_text(RULES)
    return file


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    """The address of a real Alertmanager."""
    alertmanager = program("prometheus-alertmanager", package="prometheus-alertmanager")
    address = f"127.0.0.1:{free_port()}"
    configuration = tmp_path / "alertmanager.yml"
    configuration.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    process = subprocess.Popen(
        [
            alertmanager, f"--config.file={configuration}", f"--storage.path={tmp_path / 'alertmanager'}",
            f"--web.listen-address={address}", "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield f"http://{address}"
    process.terminate()
    process.wait(20)


@pytest.mark.slow
def test_rules_are_evaluated_and_told_as_prometheus_tells_them(
    start_store: Callable[..., Any], rules_file: Path, poll: Callable[..., Any]
) -> None:
    store = start_store("--rule-files", str(rules_file), "--external-labels", "cluster=lab")
    poll(lambda: states(store) == {"answer": "ok", "Always": "firing", "Waiting": "pending", "never": "err"})
    broken, lab = data(store, "/api/v1/rules")["groups"]
    assert (lab["name"], lab["file"], lab["interval"], lab["limit"]) == ("lab", str(rules_file), 0.2, 0)
    record, always, waiting = lab["rules"]
    assert record == {
        "name": "answer", "query": "vector(42)", "labels": {"team": "lab"}, "health": "ok", "type": "recording",
        "evaluationTime": record["evaluationTime"], "lastEvaluation": record["lastEvaluation"],
    }  # fmt: skip
    [alert] = always["alerts"]
    assert alert == {
        "labels": {"alertname": "Always", "severity": "page", "team": "lab"},
        "annotations": {"summary": "42 in lab"},
        "state": "firing", "activeAt": alert["activeAt"], "value": "4.2e+01",
    }  # fmt: skip
    assert (waiting["state"], waiting["duration"], waiting["keepFiringFor"]) == ("pending", 3600, 0)
    assert broken["rules"][0]["lastError"].startswith("found duplicate series for the match group")
    assert {alert["labels"]["alertname"] for alert in data(store, "/api/v1/alerts")["alerts"]} == {"Always", "Waiting"}
    # Written from the third evaluation on, after the state of an earlier process has been looked for.
    poll(lambda: store.vector('count(ALERTS{alertstate="firing"}) by (alertname)') == {'{"alertname": "Always"}': 1.0})
    assert store.vector("ALERTS_FOR_STATE > 1e9").keys() == {
        '{"__name__": "ALERTS_FOR_STATE", "alertname": "Always", "severity": "page", "team": "lab"}',
        '{"__name__": "ALERTS_FOR_STATE", "alertname": "Waiting"}',
    }


def test_rules_can_be_chosen_by_type_name_group_and_file(
    start_store: Callable[..., Any], rules_file: Path, poll: Callable[..., Any]
) -> None:
    store = start_store("--rule-files", f"{rules_file},/nonexistent/*.yml")
    poll(lambda: states(store).get("Always") == "firing")

    def names(**parameters: Any) -> list[str]:
        groups = data(store, "/api/v1/rules", **parameters)["groups"]
        return [rule["name"] for group in groups for rule in group["rules"]]

    assert names(type="record") == ["never", "answer"]
    assert names(type="alert") == ["Always", "Waiting"]
    assert names(**{"rule_name[]": ["answer", "Always"]}) == ["answer", "Always"]
    assert names(**{"rule_group[]": "broken"}) == ["never"]
    assert names(**{"file[]": "other.yml"}) == []
    refused = store.get("prometheus", "/api/v1/rules", type="foo")
    assert (refused.status, refused.json["error"]) == (400, 'invalid parameter "type": not supported value "foo"')


@pytest.mark.slow
def test_rules_change_with_their_file_and_a_broken_one_changes_nothing(
    start_store: Callable[..., Any], rules_file: Path, poll: Callable[..., Any]
) -> None:
    store = start_store("--rule-files", str(rules_file))
    poll(lambda: states(store).get("Always") == "firing")
    rules_file.write_text(RULES.replace("vector(42)", "vector("))
    answer = store.request("POST", "prometheus", "/-/reload")
    assert answer.status == 500
    assert 'rule 1, "answer": could not parse expression' in answer.text
    status = data(store, "/api/v1/status/rules")
    assert not status["loaded"]
    assert status["errors"] == [
        line for line in answer.text.removeprefix("failed to reload config: ").splitlines() if line
    ]
    assert data(store, "/api/v1/status/runtimeinfo")["reloadConfigSuccess"] is False
    assert states(store)["Always"] == "firing"
    rules_file.write_text(QUIET)
    # Read without being told to.
    poll(lambda: states(store)["Always"] == "inactive")
    assert store.vector('ALERTS{alertname="Always"}') == {}
    assert data(store, "/api/v1/status/rules")["loaded"]


def test_own_metrics_tell_how_rules_do(
    start_store: Callable[..., Any], rules_file: Path, poll: Callable[..., Any]
) -> None:
    store = start_store("--rule-files", str(rules_file), "--alertmanager-url", "http://127.0.0.1:9")
    poll(lambda: states(store).get("never") == "err")
    page = store.get("prometheus", "/metrics").text
    assert f'prometheus_rule_group_rules{{rule_group="{rules_file};lab"}} 3.0' in page
    assert "prometheus_config_last_reload_successful 1.0" in page
    assert f'prometheus_rule_evaluation_failures_total{{rule_group="{rules_file};lab"}} 0.0' in page
    assert 'prometheus_notifications_sent_total{alertmanager="http://127.0.0.1:9/api/v2/alerts"} 0.0' in page
    assert data(store, "/api/v1/alertmanagers")["activeAlertmanagers"] == [{"url": "http://127.0.0.1:9/api/v2/alerts"}]


@pytest.mark.slow
def test_a_real_alertmanager_gets_alerts_and_hears_that_they_are_over(
    start_store: Callable[..., Any], rules_file: Path, alertmanager: str, poll: Callable[..., Any]
) -> None:
    http = urllib3.PoolManager(retries=urllib3.Retry(connect=200, backoff_factor=0.05, backoff_max=0.2))

    def alerts(**parameters: str) -> list[dict[str, Any]]:
        answer = http.request("GET", f"{alertmanager}/api/v2/alerts", fields=parameters)
        assert answer.status == 200
        return answer.json()  # type: ignore[no-any-return]

    assert alerts() == []
    store = start_store(
        "--rule-files", str(rules_file), "--alertmanager-url", alertmanager,
        "--external-labels", "cluster=lab", "--external-url", "http://lab.example/store",
    )  # fmt: skip
    [alert] = poll(alerts)
    assert alert["labels"] == {"alertname": "Always", "severity": "page", "team": "lab", "cluster": "lab"}
    assert alert["annotations"] == {"summary": "42 in lab"}
    assert alert["generatorURL"] == "http://lab.example/store/graph?g0.expr=answer+%3E+40&g0.tab=1"
    assert alert["status"]["state"] == "active"
    [shown] = [a for a in data(store, "/api/v1/alerts")["alerts"] if a["labels"]["alertname"] == "Always"]
    assert alert["startsAt"][:19] == shown["activeAt"][:19]
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) < alert["endsAt"]
    rules_file.write_text(QUIET)
    # A resolved alert is no more among those that Alertmanager lists.
    poll(lambda: alerts() == [])
    assert 'prometheus_notifications_dropped_total{alertmanager="' in store.get("prometheus", "/metrics").text
    http.clear()
