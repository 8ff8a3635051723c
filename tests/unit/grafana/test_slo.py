"""The thresholds that dashboards draw are those that the rules of Prometheus alert on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.source import slo
from lab.manifest import discover

RULES = Path(__file__).parents[3] / "observability/prometheus/rules"


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(RULES.glob("*.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("system", discover())
def test_objectives_are_those_of_the_recording_rules(system: str, rules: list[dict[str, Any]]) -> None:
    objectives = {
        rule["labels"]["slo"]: float(re.match(r"(0\.\d+) \* group\(up\{", rule["expr"])[1])
        for rule in rules
        if rule.get("record") == "slo:objective:ratio" and rule["labels"]["job"] == system
    }

    assert objectives == {"availability": slo.AVAILABILITY, "latency": slo.LATENCY}
    assert pytest.approx(1 - slo.AVAILABILITY) == slo.ERROR_RATIO


@pytest.mark.parametrize("system", discover())
def test_the_latency_objective_ends_at_the_same_bucket(system: str, rules: list[dict[str, Any]]) -> None:
    ends = [
        float(end)
        for rule in rules
        if rule.get("record") == "slo:bad_requests:rate1m"
        and (rule["labels"]["job"], rule["labels"]["slo"]) == (system, "latency")
        for end in re.findall(r'le="([^"]+)"', rule["expr"])
    ]

    assert ends == [slo.LATENCY_SECONDS]


@pytest.mark.parametrize(
    ("alert", "threshold"),
    [
        ("HighLatency", slo.LATENCY_SECONDS),
        ("HighErrorRate", slo.ERROR_RATIO),
        ("SlowDatabaseQueries", slo.QUERY_SECONDS),
        ("SlowServiceCalls", slo.CALL_SECONDS),
        ("CacheHitRatioLow", slo.CACHE_HITS),
        ("ConnectionPoolNearLimit", slo.POOL_USE),
        ("SlowQueriesRising", slo.SLOW_QUERIES),
    ],
)
def test_a_threshold_is_where_its_alert_stands(alert: str, threshold: float, rules: list[dict[str, Any]]) -> None:
    (expression,) = [rule["expr"] for rule in rules if rule.get("alert") == alert]

    assert float(re.search(r"[<>]\s*([\d.]+)", expression)[1]) == threshold
