"""Every name in every query exists: metrics, labels, log fields, span attributes. A misspelt one would only ever show
as an empty panel, or as an alert that never fires."""

from __future__ import annotations

import re
from typing import Any

import promql_parser
import pytest

from grafana.query_catalogue import (
    TRACE_ID,
    Click,
    Query,
    dashboard_queries,
    data_link_queries,
    provisioned_clicks,
    rule_files,
    rule_queries,
)
from grafana.query_catalogue.rules import rules_of
from lab.explore import every_question
from tests.unit.queries.problems import problems_of
from tests.unit.queries.promql_names import PromqlNames
from tests.unit.queries.sources import RULES, metrics

#: What a click could have found, for queries that are asked about it.
CLICKED = {
    "trace_id": TRACE_ID,
    "traceID": TRACE_ID,
    "__value.raw": "frontend_get_user",
    "__trace.traceId": TRACE_ID,
    "__tags": 'service="frontend"',
    "__span.name": "frontend_get_user",
    "logging_service": "frontend",
    "http_route": "/user/<id>",
    "user_id": "123",
    "product_id": "106",
    "error_type": "user_not_found",
    "__field.labels.service": "frontend",
    "__field.labels.group": "matching-engine",
    "__field.labels.name": "order_created",
}


def clicked(click: Click) -> Query:
    on_an_id = click.on in ("line", "trace_id")
    return click.query(CLICKED | ({"__value.raw": TRACE_ID} if on_an_id else {}))


def queries_of_links() -> list[Query]:
    kinds = {"prometheus": "promql", "loki": "logql", "tempo": "traceql"}
    return [
        Query(f"ready link {link.title!r}", kinds[link.data_source], "range", link.query)  # type: ignore[arg-type]
        for link in every_question()
        if link.view not in ("trace", "service map")
    ]


QUERIES = [
    *dashboard_queries(),
    *data_link_queries(CLICKED),
    *rule_queries(),
    *(clicked(click) for click in provisioned_clicks()),
    *queries_of_links(),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_every_name_exists(query: Query) -> None:
    assert problems_of(query) == [], query.text


def changes_its_labels(text: str) -> bool:
    """Whether an answer has labels at some times and none at others, as `up or vector(0)` does."""
    expression = promql_parser.parse(text)
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
    if not isinstance(expression, promql_parser.BinaryExpr) or str(expression.op) != "or":
        return False
    names = PromqlNames(metrics())
    sides = [names.labels_of(side.prettify()) for side in (expression.lhs, expression.rhs)]
    return bool(sides[0]) and not sides[1]


@pytest.mark.parametrize("query", [q for q in dashboard_queries() if q.language == "promql"], ids=lambda q: q.where)
def test_what_stands_in_for_missing_data_is_the_same_series(query: Query) -> None:
    """Over a range that holds both, a panel would show two: the one with labels, and a 0 without a name."""
    assert query.kind == "label values" or not changes_its_labels(query.text), query.text


def test_a_stand_in_without_labels_is_found() -> None:
    assert changes_its_labels('up{service="frontend"} or on () vector(0)')
    assert not changes_its_labels("sum(up) or vector(0)")
    assert not changes_its_labels("sum by (service) (up) or sum by (service) (up) * 0")


ALERTS = [rule for file in rule_files(RULES) for rule in rules_of(file) if "alert" in rule]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_what_an_alert_says_names_labels_that_it_has(alert: dict[str, Any]) -> None:
    """`{{ $labels.servce }}` would be an empty word in the middle of a night."""
    labels = PromqlNames(metrics()).labels_of(alert["expr"])
    texts = [*alert["annotations"].values(), *alert["labels"].values()]
    named = {name for text in texts for name in re.findall(r"\$labels\.(\w+)", text)}
    assert named <= labels | set(alert["labels"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rate(frontend_request_total[1m])", "no metric frontend_request_total"),
        ('up{servce="frontend"}', "up has no label servce"),
        ("sum by (rout) (service_route:requests:rate1m)", "what sum aggregates has no label rout"),
        ("sum by (le) (sum by (service) (frontend_request_duration_seconds_bucket))", "sum aggregates has no label le"),
        (
            "histogram_quantile(0.9, sum by (service) (service_route:request_duration_seconds_bucket:rate1m))",
            "no label le",
        ),
        ("up * on (servic) group_left (job) up", "the left side of * has no label servic"),
        ("up * on (service) group_left (version) up", "the right side of * has no label version"),
        ('label_replace(up, "a", "$1", "servce", "(.*)")', "label_replace has no label servce"),
        ("absent(service:request:rate1m)", "no metric service:request:rate1m"),
        ("max_over_time(slo:bad:ratio_rate5m{tier='frontend'}[5m:5s])", "slo:bad:ratio_rate5m has no label tier"),
    ],
)
def test_a_misspelt_name_in_promql_is_found(text: str, problem: str) -> None:
    assert problem in " and ".join(problems_of(Query("", "promql", "range", text)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{servce="frontend"}', "no stream has a label servce"),
        ('{service="fronted"}', "no stream has service='fronted'"),
        ('{service="frontend", level="warn"}', "no stream has level='warn'"),
        ('{service="frontend"} | json | eror_type="x"', "no line has eror_type"),
        ('{service="frontend"} | error_type="x"', "no line has error_type"),
        ('{service="frontend"} | json | line_format "{{.mesage}}"', "no line has mesage"),
        ('{service="frontend"} | json | line_format "{{ if eq .level_ \\"a.b\\" }}x{{ end }}"', "no line has level_"),
        ('sum by (rout) (count_over_time({service="frontend"} | json [1m]))', "no line has rout"),
        ('avg_over_time({service="frontend"} | json | unwrap duration_s [1m])', "no line has duration_s"),
    ],
)
def test_a_misspelt_name_in_logql_is_found(text: str, problem: str) -> None:
    assert problems_of(Query("", "logql", "range", text)) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{ span.http.rout = `x` }", "no span has an attribute http.rout"),
        ("{ resource.servce.name = `x` }", "no resource has an attribute servce.name"),
        ("{ .http.status_code = 200 }", "no span or resource has an attribute http.status_code"),
        ("{ resource.service.name = `fronted` }", "no span has resource.service.name = 'fronted'"),
        ("{ name = `frontend_get_usr` }", "no span has name = 'frontend_get_usr'"),
        ("{ name =~ `front.*_usr` }", "no span has name =~ 'front.*_usr'"),
        ("{} | select(span.db.query.pln)", "no span has an attribute db.query.pln"),
        ("{} | rate() by (span.http.rout)", "no span has an attribute http.rout"),
    ],
)
def test_a_misspelt_name_in_traceql_is_found(text: str, problem: str) -> None:
    assert problems_of(Query("", "traceql", "search", text)) == [problem]


def test_names_that_exist_are_accepted() -> None:
    """So that the tests above find the mistake, and not everything."""
    right = [
        Query(
            "",
            "promql",
            "range",
            "sum by (service) (rate(frontend_requests_total{status=~'5..'}[1m])) / on (service) up",
        ),
        Query("", "promql", "label values", 'up{job="chain"}', "service"),
        Query("", "logql", "range", '{service="frontend"} | json | error_type=~".+" | line_format "{{.message}}"'),
        Query("", "logql", "range", '{service="lab"} | json | level_extracted="info" | json a="kind" | a="fault"'),
        Query("", "traceql", "search", "{ name = `GET` && span.http.route != nil } >> { status = error }"),
    ]
    assert [problems_of(query) for query in right] == [[]] * len(right)
