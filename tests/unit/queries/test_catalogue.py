"""The catalogue reads queries as Grafana would send them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grafana.query_catalogue import TRACE_ID, Query, dashboard_queries, rule_queries
from grafana.query_catalogue.dashboards import queries_of_dashboard
from grafana.query_catalogue.query import kind_of_traceql
from grafana.query_catalogue.variables import UnknownVariable, fill, macros, of_dashboard, parameters_of
from lab.paths import REPOSITORY


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ('up{service=~"$service"}', 'up{service=~"(frontend|backend)"}'),
        ('up{service=~"${service}"}', 'up{service=~"(frontend|backend)"}'),
        ("${service:csv}", "frontend,backend"),
        ("[[one]]", "a"),
        ("p${percentile:text} of ${percentile}", "pp95 of 0.95"),
        ('label_replace(up, "a", "$1", "b", "(.*)")', 'label_replace(up, "a", "$1", "b", "(.*)")'),
        ("rate(x[$__rate_interval])", "rate(x[20s])"),
        ("increase(x[$__range]) / ${__range_s}", "increase(x[900s]) / 900"),
        ('foo{a=~"x$"}', 'foo{a=~"x$"}'),
        ('{ name = "${__span.tags["http.route"]}" }', '{ name = "/user" }'),
    ],
)
def test_variables_are_filled_in(text: str, filled: str) -> None:
    values = {
        "service": ["frontend", "backend"],
        "one": ["a"],
        "percentile": "0.95",
        '__span.tags["http.route"]': "/user",
    }
    assert fill(text, {**values, **macros(15)}, {"percentile": "p95"}) == filled


def test_a_variable_that_nothing_defines_is_named() -> None:
    with pytest.raises(UnknownVariable, match=r"\$servce in 'up\{\$servce\}'"):
        fill("up{$servce}", {"service": "frontend"})


def test_all_is_what_the_variable_says_it_is() -> None:
    values, _ = of_dashboard(
        [
            {"name": "service", "current": {"value": ["$__all"]}, "allValue": ".*"},
            {"name": "route", "current": {"value": "$__all"}},
            {"name": "trace_id", "current": {}, "query": ""},
        ]
    )
    assert values == {"service": ".*", "route": ".+", "trace_id": TRACE_ID}


def test_what_is_chosen_goes_before_how_a_dashboard_opens() -> None:
    templating = [
        {"name": "service", "multi": True, "current": {"value": ["$__all"], "text": ["All"]}},
        {"name": "percentile", "current": {"value": "0.95"}, "options": [{"value": "0.5", "text": "p50"}]},
        {"name": "trace_id", "current": {}, "query": ""},
    ]
    values, texts = of_dashboard(templating, {"service": ["a", "b.c"], "percentile": ["0.5"], "trace_id": [""]})
    # In a regular expression inside of quotation marks a dot that is meant takes two backslashes.
    assert values == {"service": ["a", r"b\\.c"], "percentile": "0.5", "trace_id": ""}
    assert texts == {"service": "a + b.c", "percentile": "p50", "trace_id": ""}
    assert of_dashboard(templating, {"service": ["$__all"]})[0]["service"] == ".+"


def test_an_address_carries_choices_on_and_leaves_to_the_click_what_is_its() -> None:
    templating = [{"name": "route", "multi": True, "current": {"value": ["$__all"]}}]
    parameters = parameters_of(templating, {"route": ["/user/<id>", "/"]})
    assert parameters == {"route": "var-route=%2Fuser%2F%3Cid%3E&var-route=%2F"}
    assert parameters_of(templating) == {"route": "var-route=%24__all"}
    values, texts = of_dashboard(templating)
    text = "/d/x?${route:queryparam}&s=${__field.labels.service}&${__url_time_range}"
    assert fill(text, values, texts, parameters, leave_built_in=True) == (
        "/d/x?var-route=%2Fuser%2F%3Cid%3E&var-route=%2F&s=${__field.labels.service}&${__url_time_range}"
    )
    with pytest.raises(UnknownVariable):
        fill(text, values, texts, parameters)
    with pytest.raises(UnknownVariable):
        fill("$gone", values, leave_built_in=True)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", "trace"),
        (TRACE_ID, "trace"),
        ('{ name = "a" } | rate() by (name)', "metrics"),
        ("{ true } | quantile_over_time(duration, .9)", "metrics"),
        ('{ name = "a" } | count() > 2', "search"),
    ],
)
def test_traceql_goes_where_grafana_sends_it(text: str, kind: str) -> None:
    assert kind_of_traceql(text) == kind


PROMETHEUS, LOKI, TEMPO = ({"type": uid, "uid": uid} for uid in ("prometheus", "loki", "tempo"))

DASHBOARD: dict[str, Any] = {
    "uid": "example",
    "time": {"from": "now-1h", "to": "now"},
    "templating": {
        "list": [
            {
                "name": "service",
                "type": "query",
                "datasource": PROMETHEUS,
                "query": {"query": "label_values(up, service)", "qryType": 1},
                "current": {"value": ["frontend"]},
            }
        ]
    },
    "annotations": {
        "list": [
            {"name": "Faults", "datasource": LOKI, "expr": '{service="lab"} | json | kind="fault"'},
            {"name": "Versions", "datasource": PROMETHEUS, "target": {"expr": "lab_service_info"}},
        ]
    },
    "panels": [
        {
            "title": "Rate",
            "datasource": PROMETHEUS,
            "fieldConfig": {"defaults": {"unit": "reqps", "noValue": "no traffic"}},
            "targets": [
                {
                    "refId": "A",
                    "expr": 'service:requests:rate1m{service="$service"}',
                    "legendFormat": "{{service}} {{a}}",
                },
                {"refId": "B", "expr": "hidden", "hide": True},
                {"refId": "C", "datasource": TEMPO, "queryType": "traceql", "query": "{ true } | rate()"},
            ],
        },
        {
            "type": "row",
            "panels": [
                {
                    "title": "Map",
                    "targets": [
                        {"refId": "A", "datasource": TEMPO, "queryType": "serviceMap", "serviceMapQuery": "{}"}
                    ],
                }
            ],
        },
    ],
}


def test_a_dashboard_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "example.json"
    file.write_text(json.dumps(DASHBOARD))
    rate, traces, *service_map, variable, faults, versions = queries_of_dashboard(file)
    assert rate == Query(
        'dashboard example, panel "Rate", A',
        "promql",
        "range",
        'service:requests:rate1m{service="frontend"}',
        minutes=60,
        may_be_empty="no traffic",
        unit="reqps",
        legend_labels=("service", "a"),
    )
    assert (traces.language, traces.kind, traces.text) == ("traceql", "metrics", "{ true } | rate()")
    # Grafana's Tempo data source asks Prometheus for it; only calls that fail may be missing.
    assert [(query.language, bool(query.may_be_empty)) for query in service_map] == [
        ("promql", False),
        ("promql", False),
        ("promql", True),
    ]
    assert (variable.kind, variable.text, variable.label) == ("label values", "up", "service")
    assert (faults.language, faults.text) == ("logql", '{service="lab"} | json | kind="fault"')
    assert (versions.language, versions.text) == ("promql", "lab_service_info")


def test_no_query_of_the_committed_files_is_overlooked() -> None:
    """Counted in another way: by the keys under which queries stand in the JSON."""

    def count(document: Any) -> int:
        if isinstance(document, dict):
            here = (
                "refId" in document
                and not document.get("hide")
                and any(key in document for key in ("expr", "query", "serviceMapQuery"))
            )
            is_map = document.get("queryType") == "serviceMap"
            return int(here) + 2 * is_map + sum(count(value) for value in document.values())
        return sum(count(item) for item in document) if isinstance(document, list) else 0

    files = sorted((REPOSITORY / "grafana/dashboards").glob("*.json"))
    assert len(dashboard_queries()) == sum(count(json.loads(file.read_text())) for file in files)
    assert len(rule_queries()) > 40
