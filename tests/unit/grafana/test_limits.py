"""Limits that dashboards draw or name are those of the programs: written twice, and compared here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from grafana.source import objectives
from grafana.source.lab import delivery, load_test, telemetry_health
from observability.settings import Setting, serving_settings
from observability.tracing import TRACING_SETTINGS
from tests.unit.grafana.conftest import ROOT

PROMETHEUS = ROOT / "observability/prometheus"


def default_of(settings: Sequence[Setting], name: str) -> int:
    (setting,) = [setting for setting in settings if setting.name == name]
    return int(setting.default)


def slo_rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules/slo.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_a_process_has_as_many_threads_as_the_load_test_draws() -> None:
    assert default_of(serving_settings(0), "SERVICE_THREADS") == load_test._THREADS


def test_as_many_spans_may_wait_as_telemetry_health_says() -> None:
    assert default_of(TRACING_SETTINGS, "OTEL_BSP_MAX_QUEUE_SIZE") == delivery._QUEUE


def test_a_scrape_may_take_as_long_as_telemetry_health_draws() -> None:
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))

    assert configuration["global"]["scrape_timeout"] == f"{telemetry_health._SCRAPE_TIMEOUT_SECONDS}s"


def test_the_line_of_fast_burning_is_where_it_pages() -> None:
    (page,) = [rule for rule in slo_rules() if rule.get("alert") == "ErrorBudgetBurnFast"]

    assert {float(number) for number in re.findall(r"> ([\d.]+)", page["expr"])} == {objectives._BURNS_FAST}


def test_the_error_budget_has_the_period_of_the_rules() -> None:
    (left,) = [rule for rule in slo_rules() if rule.get("record") == "slo:error_budget_remaining:ratio"]
    (hours,) = re.findall(r"slo:burn_rate:(\d+)h", left["expr"])

    assert int(hours) * 3600 == objectives._PERIOD_SECONDS


def test_every_window_of_a_burn_rate_is_drawn() -> None:
    windows = {rule["record"].rpartition(":")[2] for rule in slo_rules() if ":burn_rate:" in rule.get("record", "")}

    assert windows == set(objectives._WINDOWS)


def test_without_a_load_test_its_panels_say_how_to_start_one(dashboards: dict[str, dict[str, Any]]) -> None:
    silent = [
        panel["title"]
        for board in dashboards.values()
        for panel in board["panels"]
        if any("loadtest_" in target.get("expr", "") for target in panel.get("targets", []))
        and "python3 lab load" not in panel["fieldConfig"]["defaults"].get("noValue", "")
    ]

    assert silent == []
