"""The rules: promtool accepts them, each has cases that say what it does, each alert has what its reader needs."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from database_service.settings import SETTINGS as DATABASE_SETTINGS
from lab.manifest import discover
from lab.ports import LabPorts, url
from observability.batching import BatchSender
from telemetry_store.traces.generated_metrics.span_metrics import LATENCY_BOUNDS
from tests.machine import program
from tests.unit.backends.rule_files import CASES, REPOSITORY, RULES, Rule, alerts, cases, rules, run

RECORDS = sorted({rule["record"] for rule in rules() if "record" in rule})
ALERTS = alerts()
ALL_CASES = [case for file in sorted(CASES.glob("*.test.yml")) for case in cases(file)]


def setting(name: str) -> float:
    (row,) = [row for row in DATABASE_SETTINGS if row.name == name]
    return float(row.default)


def said(rule: Rule) -> str:
    """Everything that an alert tells its reader."""
    return " ".join(rule["annotations"].values())


def test_promtool_accepts_every_rule() -> None:
    outcome = run(program("promtool", package="prometheus"), "check", "rules", *sorted(RULES.glob("*.yml")))
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("file", sorted(CASES.glob("*.test.yml")), ids=lambda file: file.name)
def test_the_rules_do_what_their_cases_say(file: Path) -> None:
    outcome = run(program("promtool", package="prometheus"), "test", "rules", file)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("record", RECORDS)
def test_every_recording_rule_has_a_case_with_a_value(record: str) -> None:
    name = re.compile(re.escape(record) + r"(?![\w:])")
    assert any(
        name.search(check["expr"]) and check.get("exp_samples")
        for case in ALL_CASES
        for check in case.get("promql_expr_test", ())
    )


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_cases_in_which_it_fires_and_in_which_it_does_not(alert: str) -> None:
    checks = [
        bool(check.get("exp_alerts"))
        for case in ALL_CASES
        for check in case.get("alert_rule_test", ())
        if check["alertname"] == alert
    ]
    assert set(checks) == {True, False}


def test_cases_name_only_alerts_that_exist() -> None:
    named = {check["alertname"] for case in ALL_CASES for check in case.get("alert_rule_test", ())}
    assert named == set(ALERTS)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_says_what_is_wrong_what_it_means_where_to_begin_and_which_dashboard_shows_it(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert list(rule["annotations"]) == ["summary", "description", "look_first", "dashboard_url"]
    assert all(text.strip() for text in rule["annotations"].values())


def dashboards_named(rule: Rule) -> set[str]:
    """Uids that an alert's link can lead to, whichever service of the chain it is about."""
    link = rule["annotations"]["dashboard_url"]
    address = urlsplit(re.sub(r"\{\{.*?\}\}", "", link))
    assert f"{address.scheme}://{address.netloc}" == url(LabPorts().grafana)
    assert re.fullmatch(r"from=now-\d+[mh]&to=now", address.query)
    path = link.partition("/d/")[2].partition("?")[0]
    services = [service.name for service in discover()["chain"].services]
    branches = re.findall(r"(?:^|\}\})((?:chain|telemetry)-[a-z-]*)(\{\{ \$labels\.service \}\})?", path)
    return {uid for stem, variable in branches for uid in ([stem + name for name in services] if variable else [stem])}


@pytest.mark.parametrize("alert", ALERTS)
def test_the_dashboard_of_every_alert_exists(alert: str) -> None:
    named = dashboards_named(ALERTS[alert])
    assert named
    assert named <= {file.stem for file in (REPOSITORY / "grafana" / "dashboards").glob("*.json")}


def test_thresholds_in_words_are_those_of_the_settings() -> None:
    slow = setting("DATABASE_SLOW_QUERY_SECONDS")
    assert f"above {slow * 1000:g} ms" in said(ALERTS["SlowQueriesRising"])
    assert f"up to {setting('DATABASE_POOL_TIMEOUT_SECONDS'):g} s" in said(ALERTS["ConnectionPoolNearLimit"])
    queue_size = inspect.signature(BatchSender.__init__).parameters["queue_size"].default
    assert f"the newest {queue_size:,} of them" in said(ALERTS["TelemetryNotDelivered"])


def expressions() -> str:
    return "\n".join(rule["expr"] for rule in rules())


def test_bounds_of_histograms_in_queries_exist() -> None:
    from frontend_service.metrics import _REQUEST_BUCKETS

    bounds = {f"{bound:g}" for bound in LATENCY_BOUNDS}
    for rule in rules():
        for name, bound in re.findall(r'(\w+)_bucket\{[^}]*le="([^"]+)"', rule["expr"]):
            known = bounds if name.startswith("traces_spanmetrics") else {f"{bound:g}" for bound in _REQUEST_BUCKETS}
            assert bound in known, rule


def test_objectives_and_traces_are_those_of_the_service_that_visitors_meet() -> None:
    entry = discover()["chain"].entry_service
    objectives = (RULES / "slo.yml").read_text()
    assert set(re.findall(r"\b(\w+)_requests_total", objectives)) == {entry}
    assert {rule["labels"]["service"] for rule in rules(RULES / "slo.yml") if "alert" in rule} == {entry}
    for alert in ("SlowTraces", "NoTraffic"):
        assert set(re.findall(r'service="(\w+)"', ALERTS[alert]["expr"])) == {entry}


def test_the_head_of_each_file_lists_what_it_records() -> None:
    for file in ("recording.yml", "slo.yml"):
        text = (RULES / file).read_text()
        head = "\n".join(line for line in text.partition("\ngroups:")[0].splitlines() if line.startswith("#"))
        for rule in rules(RULES / file):
            if "record" in rule:
                level, metric, operation = rule["record"].split(":")
                assert f"{level}:{metric}" in head or f"…:{metric}" in head, rule["record"]
                assert re.search(rf"[:_ ]{re.escape(operation.removeprefix('ratio_rate'))}\b", head), rule["record"]
