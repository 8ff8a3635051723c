"""A further condition put into a query, and the questions that a point leads to."""

import pytest


@pytest.mark.parametrize(
    ("query", "label", "value", "operator", "expected"),
    [
        ("up", "job", "x", "=", 'up{job="x"}'),
        ('up{job="x"}', "service", "a", "!=", 'up{job="x", service!="a"}'),
        ("up{}", "job", "x", "=", 'up{job="x"}'),
        ('up{job="x",}', "a", "b", "=", 'up{job="x",a="b"}'),
        ('up{job="x"}', "job", "y", "=", 'up{job="y"}'),
        ('up{job!="x"}', "job", "x", "=", 'up{job="x"}'),
        ('up{job="x"}', "job", "x", "!=", 'up{job!="x"}'),
        ('up{job=~"x|y"}', "job", "x", "=", 'up{job=~"x|y", job="x"}'),
        (
            'sum by (le) (rate(a_bucket{x="1"}[5m])) / rate(b[5m])',
            "s",
            "v",
            "=",
            'sum by (le) (rate(a_bucket{x="1", s="v"}[5m])) / rate(b{s="v"}[5m])',
        ),
        ("up", "http.route", '/a "b"\\', "=", 'up{"http.route"="/a \\"b\\"\\\\"}'),
        ('{__name__="up"}', "job", "x", "=", '{__name__="up", job="x"}'),
        ("1 + 1", "job", "x", "=", "1 + 1"),
        ("", "job", "x", "=", ""),
    ],
)
def test_promql_gets_a_condition_in_every_selector(module, query, label, value, operator, expected):
    assert (
        module("explore/filters.js", "(m, args) => m.withLabel(...args)", [query, label, value, operator]) == expected
    )


@pytest.mark.parametrize(
    ("query", "attribute", "value", "operator", "expected"),
    [
        ("{ }", "span.x", "a", "=", '{ span.x = "a" }'),
        ("{}", "span.x", 5, "!=", "{ span.x != 5 }"),
        ("{ kind = server }", "status", "error", "=", "{ kind = server && status = error }"),
        (
            "{ a.b = 1 || status = error }",
            "name",
            'q "x"',
            "=",
            '{ (a.b = 1 || status = error) && name = "q \\"x\\"" }',
        ),
        ('{ name = "a" } >> { name = "b" }', "span.y", True, "=", '{ name = "a" && span.y = true } >> { name = "b" }'),
        ('{ name = "a" && kind = server }', "name", "a", "!=", '{ name != "a" && kind = server }'),
        ("", "span.x", 1, "=", "{ span.x = 1 }"),
    ],
)
def test_traceql_gets_a_condition_in_its_first_braces(module, query, attribute, value, operator, expected):
    asked = [query, attribute, value, operator]
    assert module("explore/filters.js", "(m, args) => m.withAttribute(...args)", asked) == expected


def test_a_point_of_a_series_leads_to_the_logs_and_traces_of_its_service_at_that_time(module):
    labels = {"service": 'a"b', "endpoint": "/user/<id>"}
    questions = module(
        "explore/correlations.js", "(m, point) => m.questionsAbout(point, 2000)", {"labels": labels, "time": 1000}
    )
    assert [(one["source"], one["query"]) for one in questions] == [
        ("loki", '{service="a\\"b"} | json'),
        (
            "tempo",
            '{ resource.service.name = "a\\"b" && span.http.route = "/user/<id>" && kind = server }',
        ),
        ("loki", '{service="a\\"b", level=~"warning|error"} | json'),
    ]
    assert {(one["from"], one["to"]) for one in questions} == {(700, 1300)}


def test_a_series_without_a_service_leads_to_all_services(module):
    (logs, traces, _) = module(
        "explore/correlations.js", "(m, point) => m.questionsAbout(point, 1000)", {"labels": {}, "time": 1000}
    )
    assert logs["query"] == '{service=~".+"} | json'
    assert traces["query"] == "{ nestedSetParent < 0 }"
    assert logs["to"] == 1000


@pytest.mark.parametrize(
    ("labels", "names", "common"),
    [
        ([{"__name__": "up", "job": "x"}], ['up{job="x"}'], ""),
        ([{"__name__": "up", "job": "x"}, {"__name__": "up", "job": "y"}], ["x", "y"], "up"),
        ([{"a": "1", "b": "2"}, {"a": "1", "b": "3"}], ["2", "3"], '{a="1"}'),
        ([{"a": "1", "b": "2"}, {"a": "2", "b": "3"}], ['{a="1", b="2"}', '{a="2", b="3"}'], ""),
        ([{}], ["1 + 1"], ""),
        ([{"a": ""}, {"a": "x"}], ['a=""', "x"], ""),
    ],
)
def test_series_are_named_by_what_tells_them_apart(module, labels, names, common):
    series = [{"labels": one} for one in labels]
    found = module("explore/series_names.js", "(m, list) => m.namesOf(list, '1 + 1')", series)
    assert found == {"names": names, "common": common}


@pytest.mark.parametrize(
    ("source", "query", "unit"),
    [
        ("prometheus", "histogram_quantile(0.9, sum by (le) (rate(a_seconds_bucket[1m])))", "s"),
        ("prometheus", "service:request_duration_seconds:p95_1m", "s"),
        ("prometheus", "service:cache_hits:ratio1m", "percentunit"),
        ("prometheus", "rate(a_seconds_sum[1m]) / rate(a_seconds_count[1m])", "s"),
        ("prometheus", "rate(a_total[1m])", "short"),
        ("prometheus", "process_resident_memory_bytes", "bytes"),
        ("prometheus", "count(a_seconds)", "short"),
        ("loki", 'bytes_rate({a="b"}[1m])', "Bps"),
        ("loki", 'rate({a="b"}[1m])', "short"),
        ("tempo", "{ } | quantile_over_time(duration, .9)", "s"),
        ("tempo", "{ } | rate()", "short"),
    ],
)
def test_the_unit_of_values_shows_in_the_names_of_the_query(module, source, query, unit):
    assert module("explore/series_names.js", "(m, args) => m.unitOf(...args)", [query, source]) == unit


@pytest.mark.parametrize(
    ("name", "kind", "query"),
    [
        ("a_total", "counter", "sum by (service) (rate(a_total[1m]))"),
        ("a_seconds_bucket", "histogram", "histogram_quantile(0.95, sum by (le) (rate(a_seconds_bucket[1m])))"),
        ("a_seconds_sum", "histogram", "sum(rate(a_seconds_sum[1m]))"),
        ("up", "gauge", "up"),
        ("service:requests:rate1m", "recorded", "service:requests:rate1m"),
        ("a_count", "gauge", "a_count"),
    ],
)
def test_a_metric_gets_a_first_question_of_its_type(module, name, kind, query):
    assert module("explore/first_query.js", "(m, one) => m.firstQuery(one)", {"name": name, "type": kind}) == query


def test_a_histogram_stands_once_in_the_list(module):
    names = ["a_bucket", "a_count", "a_sum", "b_count", "c"]
    found = module(
        "explore/first_query.js",
        "(m, list) => m.withoutParts(list).map(({name}) => name)",
        [{"name": n} for n in names],
    )
    assert found == ["a_bucket", "b_count", "c"]
