"""Manners of PromQL that no server enforces, and that every metric of a service is on its dashboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
_RATES = re.compile(r"\b(?:rate|irate|increase)\(\s*([a-zA-Z_:][\w:]*)")


def _promql(board: dict[str, Any]) -> list[str]:
    return [
        target["expr"]
        for panel in board["panels"]
        for target in panel.get("targets", [])
        if target["datasource"]["type"] == "prometheus"
    ]


def test_rates_are_taken_of_counters_only(dashboards: dict[str, dict[str, Any]]) -> None:
    counters = re.compile(r".*_(total|count|sum|bucket)")
    gauges = [
        (uid, name)
        for uid, board in dashboards.items()
        for expression in _promql(board)
        for name in _RATES.findall(expression)
        if not counters.fullmatch(name)
    ]

    assert gauges == []


def test_no_percentile_is_averaged_or_added_up(dashboards: dict[str, dict[str, Any]]) -> None:
    """The mean of two p95 is no p95 of anything."""
    combined = [
        (uid, expression)
        for uid, board in dashboards.items()
        for expression in _promql(board)
        if re.search(r"\b(avg|sum|avg_over_time|sum_over_time)\b[^()]*\(\s*[\w:]*:p\d\d_", expression)
        or re.search(r"\b(avg|sum)\b[^()]*\(\s*histogram_quantile", expression)
    ]

    assert combined == []


def test_a_range_written_by_hand_is_that_of_the_recording_rules(dashboards: dict[str, dict[str, Any]]) -> None:
    """Otherwise `$__rate_interval`: it follows the zoom, and a fixed range would skip data between two points."""
    odd = [
        (uid, found)
        for uid, board in dashboards.items()
        for expression in _promql(board)
        for found in re.findall(r"\[([^\]]+)\]", expression)
        if found.split(":")[0] not in {"$__rate_interval", "$__range", "$__interval", "1m", "2m", "5m"}
    ]

    assert odd == []


@pytest.mark.parametrize("service", ["frontend", "backend", "database"])
def test_the_dashboard_of_a_service_uses_every_metric_of_it(
    service: str, dashboards: dict[str, dict[str, Any]]
) -> None:
    """docs/signals.md is made from the code of the services."""
    section = (
        (ROOT / "docs/signals.md").read_text(encoding="utf-8").split(f"## {service}_service\n")[1].split("\n### ")[0]
    )
    metrics = re.findall(rf"^\| `({service}_\w+)` \|", section, re.MULTILINE)
    assert len(metrics) >= 4
    queries = "\n".join(_promql(dashboards[f"chain-{service}"]))

    assert [name for name in metrics if not re.search(rf"\b{name}(_bucket|_sum|_count)?\b", queries)] == []


@pytest.mark.parametrize("service", ["frontend", "backend", "database"])
def test_it_shows_rate_errors_and_duration_by_the_chosen_route_and_percentile(
    service: str, dashboards: dict[str, dict[str, Any]]
) -> None:
    board = dashboards[f"chain-{service}"]
    of_route = [expression for expression in _promql(board) if "$route" in expression]

    assert any(":requests:rate1m" in expression for expression in of_route)
    assert any(":errors:ratio1m" in expression for expression in of_route)
    assert any("histogram_quantile($percentile" in expression for expression in of_route)
    assert {"logs", "table"} <= {panel["type"] for panel in board["panels"]}
