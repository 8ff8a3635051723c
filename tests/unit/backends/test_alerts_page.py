"""docs/alerts.md and the rules agree: every alert, its severity, how long it waits."""

from __future__ import annotations

import re

import pytest

from tests.unit.backends.rule_files import REPOSITORY, alerts

PAGE = (REPOSITORY / "docs" / "alerts.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))
ALERTS = alerts()


def test_the_page_has_every_alert_and_no_other() -> None:
    assert sorted(SECTIONS) == sorted(ALERTS)


@pytest.mark.parametrize("alert", ALERTS)
def test_the_page_says_severity_waiting_time_and_how_to_see_it(alert: str) -> None:
    section = SECTIONS[alert]
    assert section.strip().startswith(f"*{ALERTS[alert]['labels']['severity']} · ")
    assert "**See it:** " in section
    waits = {"10s": "10 s", "15s": "15 s", "30s": "30 s", "1m": "a minute"}
    if "for" in ALERTS[alert] and not alert.startswith(("ErrorBudget", "Telemetry")) and alert not in (
        "SlowQueriesRising", "NoTraffic",
    ):  # fmt: skip
        assert f"for {waits[ALERTS[alert]['for']]}" in section


def test_limits_on_the_page_are_those_of_the_rules() -> None:
    for alert, expression, words in (
        ("HighLatency", "> 0.5", "500 ms"),
        ("HighErrorRate", "> 0.01", "1 %"),
        ("SlowTraces", ">= 3", "three traces or more"),
        ("SlowDatabaseQueries", "> 0.05", "50 ms"),
        ("SlowQueriesRising", "> 0.05", "5 %"),
        ("SlowServiceCalls", "> 0.1", "100 ms"),
        ("CacheHitRatioLow", "< 0.1", "10 %"),
        ("ConnectionPoolNearLimit", "> 0.7", "70 %"),
        ("ErrorBudgetBurnFast", "> 14.4", "14.4 times"),
        ("ErrorBudgetBurnSlow", "> 6", "6 times"),
        ("GatewayLatencyHigh", "> 0.5", "500 ms"),
        ("GatewayErrorRateHigh", "> 0.01", "1 %"),
        ("SlowExchangeTraces", ">= 5", "five requests or more"),
        ("NoTrades", "> 20", "more than 20 orders"),
        ("PricesStandStill", "> 70", "older than 70 s"),
        ("SlowStatements", "> 0.05", "50 ms"),
        ("EventsLate", "> 1", "more than 1 s"),
    ):
        assert expression in ALERTS[alert]["expr"], alert
        assert words in SECTIONS[alert], alert
