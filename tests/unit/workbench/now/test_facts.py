"""From answers of the APIs to what the map shows: services, what stands behind them, what they call."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import Modules

CHAIN = {
    "name": "chain",
    "title": "The chain",
    "entry": "frontend",
    "services": [
        {"name": "frontend", "dependsOn": ["backend"]},
        {"name": "backend", "dependsOn": ["database"]},
        {"name": "database", "dependsOn": []},
    ],
}
EXCHANGE = {"name": "exchange", "title": "The exchange", "entry": "gateway", "services": [{"name": "gateway"}]}
RULES = [
    {
        "rules": [
            {"type": "alerting", "name": "TargetDown", "query": 'up{job!="loadtest"} == 0'},
            {"type": "alerting", "name": "HighErrorRate", "query": "service:errors:ratio1m > 0.01"},
            {"type": "alerting", "name": "CacheHitRatioLow", "query": "service:cache_hits:ratio5m < 0.1"},
        ]
    }
]

_FACTS = """(m, { numbers, alerts, groups, systems }) => m.factsOf({ numbers: new Map(Object.entries(numbers)),
  alerts, groups }, { systems })"""
_GRAPH = """async (m, [given, selected]) => {
  const facts = await import(given.facts);
  const system = facts.factsOf({ ...given, numbers: new Map(Object.entries(given.numbers)) }, given).systems[0];
  return m.graphOf(system, selected);
}"""


def samples(label: str, **values: float) -> list[dict[str, Any]]:
    return [{"labels": {label: name}, "value": value} for name, value in values.items()]


def call(client: str, server: str, value: float, connection: str = "") -> dict[str, Any]:
    kind = {"connection_type": connection} if connection else {}
    return {"labels": {"client": client, "server": server, **kind}, "value": value}


HEALTHY: dict[str, list[dict[str, Any]]] = {
    "up": samples("service", frontend=1, backend=1, database=1, telemetry_store=1),
    "requests": samples("service", frontend=2.0, backend=1.9, database=1.1),
    "errors": samples("service", frontend=0, backend=0, database=0),
    "p95": samples("service", frontend=0.024, backend=0.02, database=0.01),
    "calls": [
        call("user", "frontend", 1.8, "virtual_node"),
        call("frontend", "backend", 1.9),
        call("backend", "database", 1.1),
    ],
    "callErrors": [call("frontend", "backend", 0), call("backend", "database", 0)],
    "callP95": [call("frontend", "backend", 0.021), call("backend", "database", 0.012)],
}


def firing(name: str, **labels: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, "severity": "page", **labels},
        "annotations": {"summary": f"{name} fires"},
        "state": "firing",
        "activeAt": "2026-11-21T14:03:00Z",
        "value": "1e+00",
    }


def facts(module: Modules, numbers: Any = HEALTHY, alerts: Any = (), systems: Any = (CHAIN,)) -> dict[str, Any]:
    given = {"numbers": numbers, "alerts": list(alerts), "groups": RULES, "systems": list(systems)}
    found: dict[str, Any] = module("now/facts.js", _FACTS, given)
    return found


def graph(module: Modules, numbers: Any = HEALTHY, alerts: Any = (), selected: Any = None) -> dict[str, Any]:
    # Modules know each other by relative paths only.
    address = module("now/facts.js", "(m) => performance.getEntriesByType('resource').map(({ name }) => name)"
                     ".find((name) => name.endsWith('now/facts.js'))")  # fmt: skip
    given = {"numbers": numbers, "alerts": list(alerts), "groups": RULES, "systems": [CHAIN], "facts": address}
    found: dict[str, Any] = module("now/system_graph.js", _GRAPH, [given, selected or {}])
    return {
        "nodes": {node["id"]: node for node in found["nodes"]},
        "edges": {(edge["source"], edge["target"]): edge for edge in found["edges"]},
    }


def test_a_healthy_chain_is_four_nodes_and_three_arrows(module: Modules) -> None:
    shown = graph(module)
    assert list(shown["nodes"]) == ["user", "frontend", "backend", "database"]
    assert list(shown["edges"]) == [("user", "frontend"), ("frontend", "backend"), ("backend", "database")]
    assert {edge["status"] for edge in shown["edges"].values()} == {"good"}
    assert shown["nodes"]["backend"]["mainStat"] == "1.9 requests/s"
    assert shown["edges"]["frontend", "backend"]["label"] == (
        "frontend calls backend: 1.9 requests per second, 0\u00a0% errors, p95 21 ms, within its objective"
    )


def test_what_visitors_get_is_what_the_service_says_that_only_they_call(module: Modules) -> None:
    assert graph(module)["edges"]["user", "frontend"]["mainStat"] == "2.0/s"
    also = {**HEALTHY, "calls": [*HEALTHY["calls"], call("backend", "frontend", 0.3)]}
    assert graph(module, also)["edges"]["user", "frontend"]["mainStat"] == "1.8/s"


def test_without_data_the_system_has_just_started(module: Modules) -> None:
    (system,) = facts(module, {})["systems"]
    assert system["hasData"] is False
    assert [node["id"] for node in system["nodes"]] == ["user", "frontend", "backend", "database"]
    assert [(one["client"], one["server"]) for one in system["calls"]] == [
        ("user", "frontend"),
        ("frontend", "backend"),
        ("backend", "database"),
    ]


def test_a_target_that_is_down_is_shown_as_down_with_the_arrow_that_leads_to_it(module: Modules) -> None:
    gone = {
        **HEALTHY,
        "up": samples("service", frontend=1, backend=1, database=0),
        "calls": HEALTHY["calls"][:2],
    }
    alerts = [firing("TargetDown", service="database")]
    shown = graph(module, gone, alerts)
    assert shown["nodes"]["database"]["mainStat"] == "no answer"
    assert shown["nodes"]["database"]["status"] == "bad"
    arrow = shown["edges"]["backend", "database"]
    assert (arrow["status"], arrow["mainStat"], arrow["isPlanned"]) == ("bad", "no answer", True)
    (system,) = facts(module, gone, alerts)["systems"]
    database = next(one for one in system["services"] if one["name"] == "database")
    assert database["downSince"] == 1_795_269_780
    assert system["headline"].startswith("Database has not answered since ")


def test_failures_beyond_the_rules_limit_make_an_arrow_bad(module: Modules) -> None:
    failing = {**HEALTHY, "callErrors": [call("frontend", "backend", 0.02), call("backend", "database", 0.005)]}
    shown = graph(module, failing)["edges"]
    assert [shown[pair]["status"] for pair in (("frontend", "backend"), ("backend", "database"))] == ["bad", "good"]


def test_an_alert_that_names_both_ends_is_about_the_arrow(module: Modules) -> None:
    alerts = [firing("SlowServiceCalls", service="backend", client="frontend", server="backend", severity="ticket")]
    shown = graph(module, HEALTHY, alerts)
    assert shown["edges"]["frontend", "backend"]["status"] == "warning"
    assert shown["nodes"]["backend"]["status"] == "warning"
    assert shown["nodes"]["frontend"]["status"] == "good"


def test_the_alert_about_what_is_gone_comes_first(module: Modules) -> None:
    alerts = [
        firing("HighErrorRate", service="frontend"),
        firing("SlowTraces", service="frontend", severity="ticket"),
        firing("TargetDown", service="database"),
    ]
    assert [one["name"] for one in facts(module, HEALTHY, alerts)["alerts"]] == [
        "TargetDown",
        "HighErrorRate",
        "SlowTraces",
    ]


def test_what_a_service_calls_and_no_manifest_knows_stands_behind_it(module: Modules) -> None:
    more = {
        **HEALTHY,
        "calls": [
            *HEALTHY["calls"],
            call("backend", "postgresql", 1.0, "database"),
            call("backend", "mail.example", 0.1, "virtual_node"),
            call("somebody", "else", 1.0),
        ],
    }
    found = facts(module, more)
    (system,) = found["systems"]
    assert {node["id"]: node["kind"] for node in system["nodes"]} == {
        "user": "world",
        "frontend": "service",
        "backend": "service",
        "database": "service",
        "postgresql": "database",
        "mail.example": "outside",
    }
    assert found["others"] == ["else", "somebody"]
    shown = graph(module, more)["nodes"]["postgresql"]
    assert (shown["mainStat"], shown["status"], shown["statusText"]) == ("1.0 requests/s", "good", "")


def test_systems_are_apart(module: Modules) -> None:
    numbers = {**HEALTHY, "up": [*HEALTHY["up"], *samples("service", gateway=0)]}
    chain, exchange = facts(module, numbers, [firing("TargetDown", service="gateway")], [CHAIN, EXCHANGE])["systems"]
    assert (chain["status"], exchange["status"]) == ("good", "bad")
    assert chain["alerts"] == []
    assert exchange["headline"].startswith("Gateway has not answered")


def test_an_alert_about_what_a_system_keeps_things_in_is_that_systems(module: Modules) -> None:
    keeping = {**EXCHANGE, "backing": ["store"]}
    chain, exchange = facts(module, HEALTHY, [firing("StoreUnavailable", service="store")], [CHAIN, keeping])["systems"]
    assert [len(system["alerts"]) for system in (chain, exchange)] == [0, 1]


def test_an_alert_about_the_telemetry_stack_is_told_by_every_system(module: Modules) -> None:
    alerts = [firing("TargetDown", service="telemetry_store"), firing("ErrorBudgetBurnFast")]
    for system in facts(module, HEALTHY, alerts, [CHAIN, EXCHANGE])["systems"]:
        assert {one["name"] for one in system["alerts"]} == {"TargetDown", "ErrorBudgetBurnFast"}


def test_parts_are_found_by_their_metrics(module: Modules) -> None:
    table = {"service": "database", "table": "users"}
    numbers = {
        **HEALTHY,
        "cacheLookups": samples("service", backend=3.3),
        "cacheHits": samples("service", backend=0.61),
        "pool": samples("service", database=0.04),
        "tableQueries": [{"labels": table, "value": 1.2}],
        "tableTime": [{"labels": table, "value": 0.0043}],
    }
    shown = graph(module, numbers)["nodes"]
    assert [(part["title"], part["text"], part["status"]) for part in shown["backend"]["parts"]] == [
        ("cache", "61\u00a0% of 3.3/s", "good")
    ]
    assert [(part["title"], part["text"]) for part in shown["database"]["parts"]] == [
        ("pool", "4\u00a0% in use"),
        ("users", "1.2/s, 4.3 ms"),
    ]
    low = graph(module, numbers, [firing("CacheHitRatioLow", service="backend", severity="ticket")])["nodes"]
    assert low["backend"]["parts"][0]["status"] == "warning"


@pytest.mark.parametrize("name", ["<img src=x>", 'a"b\\c', "__proto__", "constructor", "user"])
def test_any_name_is_a_name(module: Modules, name: str) -> None:
    numbers = {**HEALTHY, "calls": [call("backend", name, 1.0)]}
    shown = graph(module, numbers)
    assert ("backend", name) in shown["edges"]


def test_a_union_is_taken_apart_again(module: Modules) -> None:
    expression = """(m) => [m.union([{ id: "one", expr: "up" }, { id: "two", expr: "sum(x)" }]),
      [...m.byNumber([{ labels: { asked: "one", service: "a" }, value: 1 }, { labels: { asked: "two" }, value: 2 },
        { labels: { asked: "one", service: "b" }, value: 3 }])]]"""
    asked, taken = module("data/union.js", expression)
    assert asked == 'label_replace(up, "asked", "one", "", "")\nor\nlabel_replace(sum(x), "asked", "two", "", "")'
    assert taken == [
        ["one", [{"labels": {"service": "a"}, "value": 1}, {"labels": {"service": "b"}, "value": 3}]],
        ["two", [{"labels": {}, "value": 2}]],
    ]


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ({}, []),
        ({"objective": 0.99}, []),
        ({"objective": 0.99, "bad": 0.001}, ["unknown"]),
        ({"objective": 0.99, "budget": 0.9, "bad": 0.001, "burn": 0.1}, ["good"]),
        ({"objective": 0.99, "budget": 0.9, "bad": 0.02, "burn": 0.1}, ["warning"]),
        ({"objective": 0.99, "budget": 0.4, "bad": 0, "burn": 3}, ["warning"]),
        ({"objective": 0.99, "budget": -0.2, "bad": 0, "burn": 0}, ["bad"]),
    ],
)
def test_an_objective_is_kept_at_risk_or_missed(module: Modules, numbers: dict[str, float], status: list[str]) -> None:
    given = {name: [{"labels": {"slo": "availability"}, "value": value}] for name, value in numbers.items()}
    asked = "(m, given) => m.objectivesOf(new Map(Object.entries(given))).map(({ status }) => status)"
    assert module("now/objectives.js", asked, given) == status


def test_objectives_of_several_systems_are_told_apart(module: Modules) -> None:
    def each(**values: float) -> list[dict[str, Any]]:
        return [{"labels": {"service": name, "slo": "latency"}, "value": value} for name, value in values.items()]

    given = {
        "objective": each(gateway=0.9, frontend=0.95, elsewhere=0.5, idle=0.99),
        "budget": each(frontend=-0.5, gateway=0.8, elsewhere=1),
    }
    systems = [CHAIN | {"dashboards": ["chain-slo"]}, EXCHANGE | {"dashboards": ["exchange-slo"]}]
    grouped = module(
        "now/objectives.js",
        """(m, [given, systems]) => m.bySystem(m.objectivesOf(new Map(Object.entries(given))), systems)
          .map(({ title, dashboards, objectives }) =>
            [title, dashboards, objectives.map(({ objective, status }) => [objective, status])])""",
        [given, systems],
    )
    assert grouped == [
        ["The chain", ["chain-slo"], [[0.95, "bad"]]],
        ["The exchange", ["exchange-slo"], [[0.9, "good"]]],
        ["elsewhere", [], [[0.5, "good"]]],
    ]
