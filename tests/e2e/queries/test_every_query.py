"""Every query of every dashboard, rule and ready link is asked under traffic: it has data, or is marked as one that may
have none, and no number is impossible.

On the embedded stack all of them; on the native stack PromQL against a real Prometheus, LogQL and TraceQL against a
real Loki and Tempo where these are on PATH. What only another system than the chain could answer is asked where that
system runs (tests/e2e/exchange).
"""

from __future__ import annotations

import pytest

from grafana.query_catalogue import Query, dashboard_queries, data_link_queries, rule_queries
from lab.explore import every_question
from lab.manifest import DEFAULT_SYSTEM
from tests.e2e.queries.asking import Backends
from tests.e2e.queries.every_query import alert_conditions, check, of_link, without_excuse
from tests.e2e.real_servers import skip_unless_real
from tests.unit.queries.problems import systems_that_answer

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]


#: What a click on a panel could have found.
CLICKED = {
    "__field.labels.service": "frontend",
    "__field.labels.group": "matching-engine",
    "__field.labels.name": "order_created",
    "__value.raw": "user_not_found",
}

EVERY_QUERY = [
    *map(without_excuse, dashboard_queries()),
    *data_link_queries(CLICKED),
    *rule_queries(),
    *alert_conditions(),
    *(of_link(link) for link in every_question()),
]
WITH_IDS = [
    pytest.param(query, id=query.where) for query in EVERY_QUERY if DEFAULT_SYSTEM in systems_that_answer(query)
]


@pytest.mark.parametrize("query", WITH_IDS)
def test_the_embedded_stack_answers(query: Query, busy_lab: Backends) -> None:
    check(query, busy_lab)


@pytest.mark.parametrize("query", [p for p in WITH_IDS if p.values[0].language == "promql"])
def test_a_real_prometheus_answers(query: Query, busy_native_lab: Backends) -> None:
    check(query, busy_native_lab)


@pytest.mark.parametrize("query", [p for p in WITH_IDS if p.values[0].language != "promql"])
def test_a_real_loki_and_tempo_answer(query: Query, busy_native_lab: Backends) -> None:
    skip_unless_real(query.language)
    check(query, busy_native_lab)
