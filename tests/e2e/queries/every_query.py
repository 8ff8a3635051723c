"""Every query of dashboards, rules and ready links, and whether a lab's answer to one is what it promises."""

from __future__ import annotations

import re
from dataclasses import replace

import promql_parser
import pytest

from grafana.query_catalogue import Kind, Language, Query, rule_queries
from grafana.query_catalogue.query import LANGUAGES, kind_of_traceql
from lab.explore import ExploreLink
from tests.e2e.queries.asking import Backends, complaint
from tests.unit.queries.problems import systems_that_answer
from tests.unit.queries.sources import backend_metrics


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
    if isinstance(expression, promql_parser.AggregateExpr) and conditions(expression.expr) != [expression.expr]:
        # `count(… > 0)` counts those with whom something is wrong.
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


def check(query: Query, lab: Backends) -> None:
    """Skips what nobody in this lab could answer."""
    systems = systems_that_answer(query)
    if not systems & lab.systems:
        pytest.skip(f"it asks about {', '.join(sorted(systems))}, which does not run in this lab")
    problem = complaint(query, lab.ask(query))
    if problem and query.language == "promql":
        others = [
            name for name, metric in backend_metrics().items() if not {"made", *lab.processes} & set(metric["by"])
        ]
        foreign = [name for name in others if re.search(rf"\b{name}\b", query.text)]
        if foreign:
            pytest.skip(f"nobody in this lab has {', '.join(foreign)}")
    assert problem is None, f"{query.text}\n{problem}"
