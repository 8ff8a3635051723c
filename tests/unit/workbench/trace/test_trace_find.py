"""Finding spans within a trace, and the questions a span leads to."""

import pytest

from tests.unit.workbench.trace.traces import PARSED, TRACE_ID, answer, hex_id, span

_SPANS = [
    span(
        "get_user",
        0,
        20_000,
        service="web",
        kind="server",
        attributes={"http.route": "/user/<id>", "http.response.status_code": 200},
    ),
    span(
        "query",
        5_000,
        12_000,
        "get_user",
        service="db",
        attributes={"db.collection.name": "users", "note": "two words"},
    ),
    span(
        "commit", 12_000, 12_400, "get_user", service="db", status="error", attributes={"db.collection.name": "orders"}
    ),
]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("user", ["get_user", "query"]),
        ("QUERY", ["query"]),
        ("db users", ["query"]),
        ('service=db "two words"', ["query"]),
        ("service=db", ["query", "commit"]),
        ("db.collection.name=users", ["query"]),
        ("db.collection.name!=users", ["get_user", "commit"]),
        ('http.route="/user/<id>"', ["get_user"]),
        ("http.response.status_code=200", ["get_user"]),
        ("service.name=web", ["get_user"]),
        ("kind=server", ["get_user"]),
        ("error", ["commit"]),
        ("status=error", ["commit"]),
        ("> 5ms", ["get_user", "query"]),
        (">5", ["get_user", "query"]),
        ("< 0.001 s", ["commit"]),
        (">= 7000 us service=db", ["query"]),
        ("nothing like it", []),
        ("(", []),
    ],
)
def test_a_line_of_words_and_conditions_finds(module, text, names):
    found = PARSED + f"return traces[0].spans.filter(m.finder({text!r})).map((span) => span.name); }}"
    assert module("trace/find.js", found, [answer(_SPANS)]) == names


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_line_asks_nothing(module, text):
    assert module("trace/find.js", "(m, text) => m.finder(text)", text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TRACE_ID, TRACE_ID),
        (f"  {TRACE_ID.upper()}\n", TRACE_ID),
        (f"00-{TRACE_ID}-00f067aa0ba902b7-01", TRACE_ID),
        ("57b57eff-8adc-b002-88ff-514c2067b465", TRACE_ID),
        (f'"trace_id": "{TRACE_ID}"', TRACE_ID),
        (f"http://127.0.0.1:8000/trace/{TRACE_ID}?span=1", TRACE_ID),
        ("abc", "abc".zfill(32)),
        ("0" * 32, None),
        ("xyz", None),
        ("", None),
        (TRACE_ID + "0", None),
    ],
)
def test_an_id_is_found_in_what_a_person_pastes(module, text, expected):
    assert module("trace/otlp.js", "(m, text) => m.traceIdIn(text)", text) == expected


@pytest.mark.parametrize(
    ("written", "hexadecimal"),
    [
        ("V7V+/4rcsAKI/1FMIGe0ZQ==", "57b57eff8adcb00288ff514c2067b465"),
        ("V7V-_4rcsAKI_1FMIGe0ZQ", "57b57eff8adcb00288ff514c2067b465"),
        ("hIXBtyZN7Jk=", "8485c1b7264dec99"),
        ("8485C1B7264DEC99", "8485c1b7264dec99"),
        ("", ""),
        ("no id", "no id"),
    ],
)
def test_ids_are_read_in_base64_and_in_hex(module, written, hexadecimal):
    assert module("trace/otlp.js", "(m, text) => m.hexId(text)", written) == hexadecimal


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"stringValue": "x"}, "x"),
        ({"intValue": "42"}, 42),
        ({"intValue": "9223372036854775807"}, "9223372036854775807"),
        ({"doubleValue": 0.5}, 0.5),
        ({"boolValue": False}, False),
        ({"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "a"}]}}, [1, "a"]),
        ({"arrayValue": {}}, []),
        ({"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": True}}]}}, [["k", True]]),
        ({}, None),
        (None, None),
    ],
)
def test_attribute_values_of_every_kind_are_read(module, value, expected):
    assert module("trace/otlp.js", "(m, value) => m.attributeValue(value)", value) == expected


def test_an_attribute_may_be_called_like_anything_of_an_object(module):
    names = ["__proto__", "constructor", "toString"]
    pairs = [{"key": name, "value": {"stringValue": "mine"}} for name in names]
    assert module("trace/otlp.js", "(m, pairs) => m.attributes(pairs)", pairs) == [[name, "mine"] for name in names]


def test_what_came_later_is_added_to_what_was_there(module):
    first, then = (
        [span("root", 0, 100), span("a", 1, 2, "root")],
        [span("a", 1, 2, "root"), span("b", 3, 4, "root", service="db")],
    )
    merge = "(m, [one, other]) => m.flatSpans(m.mergeAnswers(one, other)).map((span) => span.name).sort()"
    assert module("trace/otlp.js", merge, [answer(first), answer(then)]) == ["a", "b", "root"]


def _with_spans(expression: str) -> str:
    return PARSED + f"const [first, query] = traces[0].spans; return {expression}; }}"


def test_the_log_lines_of_a_span_are_asked_for_by_its_ids(module):
    assert module("trace/correlations.js", _with_spans("m.linesOfSpan(query)"), [answer(_SPANS)]) == (
        f'{{service=~".+"}} |= "{TRACE_ID}" | json | span_id = "{hex_id("query")}"'
    )


def test_metrics_of_a_route_are_the_recorded_ones_where_there_are_any(module):
    measured = (
        '{names: new Set(["traces_spanmetrics_calls_total"]), routes: new Set([m.routeKey("web", "/user/<id>")])}'
    )
    asked = module("trace/correlations.js", _with_spans(f"m.metricQuestions(first, {measured})"), [answer(_SPANS)])
    assert [question["query"] for question in asked] == [
        'service_route:requests:rate1m{service="web", route="/user/<id>"}',
        'service_route:errors:ratio1m{service="web", route="/user/<id>"}',
        'service_route:request_duration_seconds:p95_1m{service="web", route="/user/<id>"}',
    ]


def test_metrics_of_any_other_span_are_those_made_from_spans(module):
    asked = module(
        "trace/correlations.js",
        # Somebody else's route of the same name is not this one's.
        _with_spans(
            '[query, first].map((span) => m.metricQuestions(span, {names: new Set(["traces_spanmetrics_calls_total"]),'
            ' routes: new Set([m.routeKey("shop", "/user/<id>")])}))'
        ),
        [answer(_SPANS)],
    )
    asked, of_a_route = asked
    assert asked[0]["query"] == 'sum(rate(traces_spanmetrics_calls_total{service="db", span_name="query"}[1m]))'
    assert (
        of_a_route[0]["query"] == 'sum(rate(traces_spanmetrics_calls_total{service="web", span_name="get_user"}[1m]))'
    )
    assert [question["title"] for question in asked] == ["Requests per second", "Share of errors", "p95 duration"]


def test_names_from_telemetry_cannot_leave_their_quotes(module):
    hostile = [span("root", 0, 10, service='x"} or up{a="\\')]
    asked = module(
        "trace/correlations.js", _with_spans("[m.similarTraces(first), m.sameRoot(first)]"), [answer(hostile)]
    )
    for query in asked:
        assert 'resource.service.name = "x\\"} or up{a=\\"\\\\"' in query


@pytest.mark.parametrize(
    ("micros", "text"), [(0.5, "500ns"), (5.7, "5us"), (7000, "7ms"), (1234.5, "1.234ms"), (2_500_000, "2500ms")]
)
def test_similar_traces_took_longer(module, micros, text):
    asked = module("trace/correlations.js", _with_spans("m.similarTraces(first)"), [answer([span("root", 0, micros)])])
    assert asked == f'{{ resource.service.name = "shop" && name = "root" && duration > {text} }}'


@pytest.mark.parametrize(
    ("scope", "name", "value", "query"),
    [
        ("span", "http.route", "/user/<id>", '{ span.http.route = "/user/<id>" }'),
        ("span", "rows", 3, "{ span.rows = 3 }"),
        ("resource", "odd name", "x", '{ resource."odd name" = "x" }'),
    ],
)
def test_traces_with_an_attribute_are_asked_for(module, scope, name, value, query):
    assert module("trace/correlations.js", "(m, asked) => m.attributeQuery(...asked)", [scope, name, value]) == query


def test_a_usual_trace_is_the_one_nearest_to_the_median(module):
    durations = [0.010, 0.012, 0.013, 0.080, 0.011]
    found = [{"traceId": str(n), "start": n, "durationSeconds": seconds} for n, seconds in enumerate(durations)]
    usual = "(m, [found, id]) => m.usualOf(found, { traceId: id, start: 2 })?.traceId ?? null"
    assert module("trace/correlations.js", usual, [found, "3"]) == "4"
    assert module("trace/correlations.js", usual, [found[:1], "0"]) is None
