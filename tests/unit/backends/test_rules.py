"""The rules: promtool accepts them, each has cases that say what it does, each alert has what its reader needs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from database_service.settings import SETTINGS as DATABASE_SETTINGS
from lab.manifest import System, discover
from lab.ports import LabPorts, url
from observability.batching import BatchSender
from observability.postgresql import Database
from telemetry_store.metrics.query_language.parser import parse
from telemetry_store.metrics.rules.expressions import evaluate_expression
from telemetry_store.metrics.rules.templates import AlertTemplates, Outside
from telemetry_store.metrics.storage import MetricStorage
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
    """Uids that an alert's link can lead to, whichever service it is about."""
    link = rule["annotations"]["dashboard_url"]
    address = urlsplit(re.sub(r"\{\{.*?\}\}", "", link))
    assert f"{address.scheme}://{address.netloc}" == url(LabPorts().grafana)
    assert re.fullmatch(r"from=now-\d+[mh]&to=now", address.query)
    path = link.partition("/d/")[2].partition("?")[0]
    systems = discover()
    if path == "{{ $labels.job }}-slo":
        return {f"{name}-slo" for name in systems}
    stems = "|".join((*systems, "telemetry"))
    found = set()
    for stem, variable in re.findall(rf"(?:^|\}}\}})((?:{stems})-[a-z-]*)(\{{\{{ \$labels\.service \}}\}})?", path):
        names = [service.name for service in systems[stem.removesuffix("-")].services] if variable else [""]
        found |= {stem + name for name in names}
    return found


@pytest.mark.parametrize("alert", ALERTS)
def test_the_dashboard_of_every_alert_exists(alert: str) -> None:
    named = dashboards_named(ALERTS[alert])
    assert named
    assert named <= {file.stem for file in (REPOSITORY / "grafana" / "dashboards").glob("*.json")}


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[MetricStorage]:
    storage = MetricStorage(tmp_path)
    yield storage
    storage.close()


@pytest.mark.parametrize("system", discover().values(), ids=discover().keys())
def test_alerts_about_any_service_lead_to_a_dashboard_of_its_system(storage: MetricStorage, system: System) -> None:
    outside = Outside(lambda tree, now: evaluate_expression(storage, tree, now), {}, "http://127.0.0.1:9090")
    for service in system.services:
        target = {"job": system.name, "service": service.name, "instance": f"{service.name}:{service.port}"}
        storage.append([(storage.series_of(tuple(sorted({"__name__": "up", **target}.items()))), 1.0, 1000)])
        for alert in ("TargetDown", "SlowServiceCalls"):
            link = ALERTS[alert]["annotations"]["dashboard_url"]
            filled_in = AlertTemplates(alert, outside).expand(link, {**target, "server": service.name}, 1.0, 1000)
            assert filled_in.partition("/d/")[2].partition("?")[0] in system.dashboards


def test_rules_about_a_system_that_does_not_run_have_no_answer(storage: MetricStorage) -> None:
    """No alert fires because its system is absent, and nothing is recorded of it, nor promised."""
    now = 1_800_000_000_000
    for job in ("telemetry_store", "somebody"):
        for name, value in (("up", 1.0), ("process_start_time_seconds", now / 1000 - 3600)):
            labels = {"__name__": name, "job": job, "service": job, "instance": "here"}
            storage.append([(storage.series_of(tuple(sorted(labels.items()))), value, now)])

    answered = {
        rule.get("record") or rule["alert"]
        for rule in rules()
        if evaluate_expression(storage, parse(rule["expr"]), now)
    }
    assert answered == set()


def test_thresholds_in_words_are_those_of_the_settings() -> None:
    slow = setting("DATABASE_SLOW_QUERY_SECONDS")
    assert f"above {slow * 1000:g} ms" in said(ALERTS["SlowQueriesRising"])
    assert f"up to {setting('DATABASE_POOL_TIMEOUT_SECONDS'):g} s" in said(ALERTS["ConnectionPoolNearLimit"])
    queue_size = inspect.signature(BatchSender.__init__).parameters["queue_size"].default
    assert f"the newest {queue_size:,} of them" in said(ALERTS["TelemetryNotDelivered"])
    database = inspect.signature(Database.__init__).parameters
    assert f"up to {database['timeout_seconds'].default:g} s" in said(ALERTS["NoFreeConnection"])


def expressions() -> str:
    return "\n".join(rule["expr"] for rule in rules())


def test_bounds_of_histograms_in_queries_exist() -> None:
    from frontend_service.metrics import _REQUEST_BUCKETS

    bounds = {f"{bound:g}" for bound in LATENCY_BOUNDS}
    for rule in rules():
        for name, bound in re.findall(r'(\w+)_bucket\{[^}]*le="([^"]+)"', rule["expr"]):
            known = bounds if name.startswith("traces_spanmetrics") else {f"{bound:g}" for bound in _REQUEST_BUCKETS}
            assert bound in known, rule


@pytest.mark.parametrize("system", discover().values(), ids=discover().keys())
def test_every_system_promises_something_where_it_is_entered(system: System) -> None:
    own = [rule for rule in rules() if rule.get("labels", {}).get("job") == system.name]
    assert {rule["labels"]["service"] for rule in own} == {system.entry_service}
    assert sorted((rule["labels"]["slo"], rule["record"]) for rule in own) == sorted(
        (slo, record)
        for slo in ("availability", "latency")
        for record in ("slo:objective:ratio", "slo:requests:rate1m", "slo:bad_requests:rate1m")
    )
    asked = {
        (rule["labels"]["slo"], re.sub(r"_(count|bucket)$", "", name))
        for rule in own
        for name in re.findall(r"rate\((\w+)", rule["expr"])
    }
    assert asked == {("availability", system.requests_metric), ("latency", system.durations_metric)}


def test_what_follows_from_a_promise_names_neither_system_nor_objective() -> None:
    said = "\n".join([rule["expr"] + str(rule.get("labels", "")) for rule in rules(RULES / "slo.yml")])
    for system in discover().values():
        assert not re.search(rf"\b({system.name}|{'|'.join(service.name for service in system.services)})\b", said)
    assert "{" not in "".join(rule["expr"] for rule in rules(RULES / "slo.yml"))


def test_traces_and_traffic_are_those_of_the_service_that_visitors_meet() -> None:
    entry = discover()["chain"].entry_service
    for alert in ("SlowTraces", "NoTraffic"):
        assert set(re.findall(r'service="(\w+)"', ALERTS[alert]["expr"])) == {entry}


def test_what_traders_wait_for_is_the_entry_service_of_the_exchange() -> None:
    entry = discover()["exchange"].entry_service
    for alert in ("GatewayLatencyHigh", "GatewayErrorRateHigh", "SlowExchangeTraces"):
        assert set(re.findall(r'service="([\w-]+)"', ALERTS[alert]["expr"])) == {entry}


def test_rules_of_a_system_ask_for_names_that_any_could_have_by_its_job() -> None:
    for rule in rules(RULES / "exchange.yml"):
        for name, matchers in re.findall(r"\b((?:http|db|redis)_\w+)(\{[^}]*)?", rule["expr"]):
            assert 'job="exchange"' in matchers or f":{name}" in rule["expr"], rule


def test_the_head_of_each_file_lists_what_it_records() -> None:
    for file in ("recording.yml", "slo.yml", "exchange.yml"):
        text = (RULES / file).read_text()
        head = "\n".join(line for line in text.partition("\ngroups:")[0].splitlines() if line.startswith("#"))
        for rule in rules(RULES / file):
            if "record" in rule:
                level, metric, operation = rule["record"].split(":")
                assert f"{level}:{metric}" in head or f"…:{metric}" in head, rule["record"]
                assert re.search(rf"[:_ ]{re.escape(operation.removeprefix('ratio_rate'))}\b", head), rule["record"]
