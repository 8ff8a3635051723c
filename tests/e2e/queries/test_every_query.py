"""Every query of every dashboard, rule and ready link is asked under traffic: it has data, or is marked as one that may
have none, and no number is impossible.

On the embedded stack all of them; on the native stack PromQL against a real Prometheus, LogQL and TraceQL against a
real Loki and Tempo where these are on PATH.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import promql_parser
import pytest

from grafana.query_catalogue import Kind, Language, Query, dashboard_queries, data_link_queries, rule_queries
from grafana.query_catalogue.query import LANGUAGES, kind_of_traceql
from lab.explore import LINKS, ExploreLink
from tests.e2e.queries.asking import Backends, complaint
from tests.unit.queries.sources import backend_metrics

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]


def of_link(link: ExploreLink) -> Query:
    language: Language = LANGUAGES[link.data_source]
    where, text = f"ready link {link.title!r}", link.query
    kind: Kind = "range"
    if link.view == "service map":
        language, kind, text = "promql", "instant", f"traces_service_graph_request_total{link.query}"
    elif language == "traceql":
        kind = kind_of_traceql(text)
    elif link.view == "now":
        kind = "instant"
    return Query(where, language, kind, text, minutes=link.minutes, may_be_empty=link.empty_when_healthy)


def conditions(expression: promql_parser.Expr) -> list[promql_parser.Expr]:
    """What an alert compares: the sides of its comparisons that are not numbers, through `and`, `or` and `unless`."""
    if isinstance(expression, promql_parser.ParenExpr):
        return conditions(expression.expr)
    if isinstance(expression, promql_parser.BinaryExpr):
        operation = str(expression.op)
        if operation in ("and", "or"):
            return conditions(expression.lhs) + conditions(expression.rhs)
        if operation == "unless":
            return conditions(expression.lhs)
        if operation in (">", "<", ">=", "<=", "==", "!="):
            return conditions(expression.lhs)
    return [expression]


def alert_conditions() -> list[Query]:
    """An alert is silent when all is well, and as silent when it asks for what does not exist. What it compares must
    be there, unless it is only there when something is wrong."""
    found = []
    for query in rule_queries():
        if query.where.startswith("alert "):
            for part in conditions(promql_parser.parse(query.text)):
                where, text = f"what {query.where} compares", part.prettify()
                found.append(Query(where, "promql", "instant", text, may_be_empty=why_not_yet(text)))
    return found


def why_not_yet(text: str) -> str:
    """Why an expression may have no answer in a lab that is well and a minute old."""
    if text.lstrip().startswith("absent"):
        return "it asks whether something is absent"
    if " offset " in text:
        return "a young lab has no past"
    reasons = [metric.get("when", "") for name, metric in backend_metrics().items() if re.search(rf"\b{name}\b", text)]
    return "; ".join(filter(None, reasons))


def without_excuse(query: Query) -> Query:
    """A mark does not count where the reason for it is not given here: a load test is under way, and each service is
    one process."""
    given = query.where.startswith("dashboard loadtest, panel") or "process_" in query.text
    return replace(query, may_be_empty="") if given else query


#: What a click on a panel could have found.
CLICKED = {"__field.labels.service": "frontend", "__value.raw": "user_not_found"}

QUERIES = [
    *map(without_excuse, dashboard_queries()),
    *data_link_queries(CLICKED),
    *rule_queries(),
    *alert_conditions(),
    *(of_link(link) for link in LINKS),
]
WITH_IDS = [pytest.param(query, id=query.where) for query in QUERIES]

PROGRAMS = {"logql": "loki", "traceql": "tempo"}


def check(query: Query, lab: Backends) -> None:
    problem = complaint(query, lab.ask(query))
    if problem and query.language == "promql":
        others = [
            name for name, metric in backend_metrics().items() if not {"made", *lab.processes} & set(metric["by"])
        ]
        foreign = [name for name in others if re.search(rf"\b{name}\b", query.text)]
        if foreign:
            pytest.skip(f"nobody in this lab has {', '.join(foreign)}")
    assert problem is None, f"{query.text}\n{problem}"


@pytest.mark.parametrize("query", WITH_IDS)
def test_the_embedded_stack_answers(query: Query, busy_lab: Backends) -> None:
    check(query, busy_lab)


@pytest.mark.parametrize("query", [p for p in WITH_IDS if p.values[0].language == "promql"])
def test_a_real_prometheus_answers(query: Query, busy_native_lab: Backends) -> None:
    check(query, busy_native_lab)


@pytest.mark.parametrize("query", [p for p in WITH_IDS if p.values[0].language != "promql"])
def test_a_real_loki_and_tempo_answer(query: Query, busy_native_lab: Backends) -> None:
    program = PROGRAMS[query.language]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on PATH: the telemetry store answers its API there too")
    check(query, busy_native_lab)
