"""Calls as nodes and arrows: which are good, and that all pictures of services judge by the limits of the alerts."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.browser import Modules
from workbench.pages import DIRECTORY

RULES = DIRECTORY.parents[1] / "observability/prometheus/rules/alerts.yml"


def graph(module: Modules, *calls: dict[str, Any], **options: Any) -> dict[str, Any]:
    asked = "(m, [calls, options]) => m.serviceGraph(calls, options)"
    found: dict[str, Any] = module("graph/service_graph.js", asked, [calls, options])
    return found


def call(client: str, server: str, calls: float = 1.0, **more: Any) -> dict[str, Any]:
    return {"client": client, "server": server, "calls": calls, **more}


def test_the_limits_are_those_of_the_alert_rules(module: Modules) -> None:
    rules = {
        rule["alert"]: rule
        for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    }
    said = {
        name: (rules[name]["expr"].strip(), rules[name]["labels"]["severity"])
        for name in ("HighErrorRate", "HighLatency", "SlowServiceCalls")
    }
    limits = module("graph/service_graph.js", "(m) => m.LIMITS")
    assert said == {
        "HighErrorRate": (f"service:errors:ratio1m > {limits['errors']}", "page"),
        "HighLatency": (f"service:request_duration_seconds:p95_1m > {limits['p95']}", "page"),
        "SlowServiceCalls": (f"client_server:request_duration_seconds:mean1m > {limits['mean']}", "ticket"),
    }


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ({}, "unknown"),
        ({"errors": 0}, "good"),
        ({"errors": 0.01, "p95": 0.5, "mean": 0.1}, "good"),
        ({"errors": 0.011}, "bad"),
        ({"errors": 0, "p95": 0.51}, "bad"),
        ({"errors": 0, "p95": 0.4, "mean": 0.11}, "warning"),
        ({"errors": 0.02, "mean": 0.11}, "bad"),
    ],
)
def test_a_call_is_broken_above_a_limit_that_pages_and_at_risk_above_another(
    module: Modules, numbers: dict[str, float], status: str
) -> None:
    shown = graph(module, call("a", "b", **numbers))
    assert [shown["edges"][0]["status"], shown["nodes"][1]["status"]] == [status, status]


def test_a_node_has_all_that_comes_in_and_who_waits_longest_says_how_long(module: Modules) -> None:
    calls = call("a", "c", 3, errors=0, p95=0.1), call("b", "c", 1, errors=0.02, p95=0.6)
    *_, node = graph(module, *calls)["nodes"]
    assert (node["mainStat"], node["secondaryStat"], node["status"]) == ("4.0 calls/s", "0.5\u00a0% fail", "bad")


def test_what_is_shown_may_be_judged_by_newer_numbers(module: Modules) -> None:
    shown = graph(module, call("a", "b", errors=0), newest=[call("a", "b", errors=0.5)])
    assert shown["edges"][0]["status"] == "bad"
    assert shown["edges"][0]["secondaryStat"] == "0\u00a0%"
    _, idle = graph(module, call("a", "b", errors=0), newest=[])["nodes"]
    assert (idle["status"], idle["statusText"]) == ("unknown", "idle")


def test_visitors_and_databases_are_what_they_are(module: Modules) -> None:
    calls = call("user", "shop", type="virtual_node"), call("shop", "db", type="database")
    shown = {node["id"]: (node["title"], node["kind"]) for node in graph(module, *calls)["nodes"]}
    assert shown == {"user": ("Visitors", "world"), "shop": ("shop", "service"), "db": ("db", "database")}


def test_a_pair_that_is_joined_in_two_ways_is_one_arrow(module: Modules) -> None:
    ways = call("a", "b", 1, type="", p95=0.1), call("a", "b", 3, type="messaging_system", p95=0.2)
    (edge,) = graph(module, *ways)["edges"]
    assert (edge["mainStat"], edge["secondaryStat"]) == ("4.0/s", "200 ms")


def test_answers_become_calls_and_pairs_without_any_are_left_out(module: Modules) -> None:
    def sample(client: str, server: str, value: float) -> dict[str, Any]:
        return {"labels": {"client": client, "server": server}, "value": value}

    numbers = {
        "calls": [sample("b", "c", 2), sample("a", "b", 1), sample("x", "y", 0)],
        "callErrors": [sample("a", "b", 0.1)],
    }
    asked = "(m, numbers) => m.callsOf(new Map(Object.entries(numbers)))"
    assert module("graph/service_graph.js", asked, numbers) == [
        {"client": "a", "server": "b", "type": "", "calls": 1, "errors": 0.1},
        {"client": "b", "server": "c", "type": "", "calls": 2},
    ]
