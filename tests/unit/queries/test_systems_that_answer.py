"""A query is asked in a lab that has what it names, and nowhere else."""

from __future__ import annotations

import pytest

from grafana.query_catalogue import Language, Query, dashboard_queries, rule_queries
from lab.manifest import discover
from tests.unit.queries.problems import systems_that_answer

BOTH = {"chain", "exchange"}


@pytest.mark.parametrize(
    ("language", "text", "systems"),
    [
        ("promql", "sum(rate(frontend_requests_total[1m]))", {"chain"}),
        ("promql", "sum(rate(exchange_fills_total[1m]))", {"exchange"}),
        ("promql", "service:requests:rate1m", {"chain"}),
        ("promql", "group:event_lag_seconds:p95_1m", {"exchange"}),
        ("promql", "rate(db_client_operation_duration_seconds_sum[1m])", {"exchange"}),
        ("promql", "lab_service_info", BOTH),
        ("promql", "client_server:requests:rate1m > 0", BOTH),
        ("promql", 'up{job="exchange"}', {"exchange"}),
        ("promql", 'up{job!~"chain|loadtest"}', BOTH),
        ("promql", 'process_cpu_seconds_total{service="frontend"}', {"chain"}),
        ("promql", 'process_cpu_seconds_total{service=~"frontend|order-manager"}', BOTH),
        ("promql", 'traces_spanmetrics_calls_total{span_name=~"process_.*"}', {"exchange"}),
        ("logql", '{service=~".+"} | json', BOTH),
        ("logql", '{service="wallet-service"} | json', {"exchange"}),
        ("logql", '{service=~".+"} | json | order_id != ""', {"exchange"}),
        ("logql", '{service=~".+"} | json | product_id != ""', {"chain"}),
        ("traceql", '{ resource.service.name = "backend" }', {"chain"}),
        ("traceql", '{ name = "settle_trade" }', {"exchange"}),
        ("traceql", "{ kind = server && duration > 50ms }", BOTH),
        ("traceql", "{ span.exchange.order.id = 3 }", {"exchange"}),
        ("promql", "nobody_has_it", set()),
    ],
)
def test_whoever_has_all_names_of_a_query_answers_it(language: Language, text: str, systems: set[str]) -> None:
    kind = "search" if language == "traceql" else "range"
    assert systems_that_answer(Query("", language, kind, text)) == systems


@pytest.mark.parametrize("system", discover())
def test_what_a_systems_own_dashboards_ask_it_can_answer(system: str) -> None:
    own = tuple(f"dashboard {uid}," for uid in discover()[system].dashboards)

    asked = [query for query in dashboard_queries() if query.where.startswith(own)]

    assert len(asked) > 100
    assert [query.where for query in asked if system not in systems_that_answer(query)] == []


def test_every_query_of_dashboards_and_rules_is_asked_somewhere() -> None:
    asked = [*dashboard_queries(), *rule_queries()]
    assert [query.where for query in asked if not systems_that_answer(query)] == []
