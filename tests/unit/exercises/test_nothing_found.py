"""A query that finds nothing is told which of its names there is not, and what there is instead."""

from urllib.parse import urlsplit

import pytest

from lab.exercises.nothing_found import why_nothing
from lab.telemetry_client import TelemetryClient

METRICS = {"requests_total": {"endpoint": ["/", "/user/<id>"], "status": ["200"]}}
STREAMS = {"service": ["backend", "frontend"], "level": ["info"]}
SPANS = {
    'name = "GET"',
    "duration > 1ms",
    "status = error",
    'name = "GET" && duration > 1ms',
    'name =~ ".*POST.*"',
    'span.url.path =~ ".*/user/.+.*"',
    'span.url.query =~ ".*a.b.*"',
}


class _Answer:
    ok = True
    status_code = 200
    text = ""

    def __init__(self, content):
        self._content = content

    def json(self):
        return self._content


class _Backends:
    """Answers what the diagnosis asks, as the three servers would, from the tables above."""

    def get(self, url, params, timeout):
        path = urlsplit(url).path
        if path == "/api/search":
            found = params["q"].strip("{ }") in SPANS
            return _Answer({"traces": [{"traceID": "1"}] if found else []})
        if path.startswith("/loki"):
            return _Answer({"data": self._logs(params["query"])})
        return _Answer({"status": "success", "data": self._metrics(params["query"], path)})

    def _metrics(self, query, path):
        if "__name__" in query:
            return {
                "resultType": "vector",
                "result": [{"metric": {"__name__": name}, "value": [0, "1"]} for name in METRICS],
            }
        name = next((name for name in METRICS if f"({name}[" in query), None)
        if path.endswith("query"):
            return {"resultType": "vector", "result": [{"metric": {}, "value": [0, "1"]}] if name else []}
        label = query.split("(")[1].split(")")[0]
        values = METRICS[name].get(label, [])
        return {"resultType": "matrix", "result": [{"metric": {label: one}, "values": [[0, "1"]]} for one in values]}

    def _logs(self, query):
        if not query.startswith("sum by"):
            stream = {"stream": {"service": "backend"}, "values": [["1", '{"duration_ms": 7, "http.route": "/"}']]}
            return {"resultType": "streams", "result": [stream]}
        label = query.split("(")[1].split(")")[0]
        values = STREAMS.get(label, [])
        return {"resultType": "matrix", "result": [{"metric": {label: one}, "values": [[0, "1"]]} for one in values]}


@pytest.fixture
def why(monkeypatch):
    client = TelemetryClient("http://p", "http://l", "http://t")
    client.close()
    monkeypatch.setattr(client, "_session", _Backends())
    return lambda language, query: " ".join(why_nothing(client, language, query, 1000.0))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("rate(request_total[1m])", "There is no metric `request_total`. Did you mean `requests_total`?"),
        ("sum by (endpoint) (rate(nothing_alike[1m])) / 2", "There is no metric `nothing_alike`."),
        (
            'rate(requests_total{endpoint="/user"}[1m])',
            "`endpoint` of `requests_total` is never `/user`. It is `/`, `/user/<id>`.",
        ),
        ('requests_total{status=~"5.."}', "`status` of `requests_total` is never `5..`. It is `200`."),
        ('requests_total{route="/"}', "`requests_total` has no label `route`."),
        ('sum without (status) (requests_total{status=~"2.."}) > 1e9', ""),
        ('requests_total{status!="500"} offset 5m and on (status) requests_total', ""),
    ],
)
def test_metrics(why, query, said):
    assert why("promql", query) == said


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ('{service="Backend"}', "`service` of a log stream is never `Backend`. It is `backend`, `frontend`."),
        (
            '{service="backend"} |= "x" | json | http_route="z"',
            '`{service="backend"}` does have lines, but not one of them passes what stands after it.',
        ),
    ],
)
def test_log_streams(why, query, said):
    assert why("logql", query) == said


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ('{service="backend"} | duration_ms > 5', "`duration_ms` stands in the line, as text. `| json` reads it"),
        ('{service="backend"} | json | duration > 5', "has a field `duration`. Did you mean `duration_ms`?"),
        ('count_over_time({service="backend"} | json | y="| x = 1" [1m])', "None of the last 1 lines has a field `y`."),
    ],
)
def test_a_field_that_no_line_has_or_that_was_not_read_is_named(why, query, said):
    assert said in why("logql", query)


def test_a_text_with_other_capital_letters_is_named(why):
    assert "but `duration` is: capital letters count" in why("logql", '{service="backend"} |= "Duration"')
    assert "capital" not in why("logql", '{service="backend"} |= "duration" |= "elsewhere"')


def test_two_sides_that_have_no_labels_in_common_are_told_apart_from_a_wrong_name(why):
    assert "no two of them do" in why("promql", 'requests_total{status="200"} / requests_total{endpoint="/"}')
    assert why("promql", 'requests_total{endpoint="/-/"} / requests_total').startswith("`endpoint` of")
    assert why("promql", 'rate(requests_total{endpoint="/user/<id>"}[1m] offset -5m)') == ""


def test_the_operator_is_named_whose_sides_do_not_go_together(why):
    of_each = "rate(requests_total[1m]) / rate(requests_total[1m])"

    assert why("promql", f"{of_each} - rate(requests_total[5m])").startswith("`-` takes")
    assert why("promql", of_each).startswith("`/` takes")


def test_a_quantile_of_buckets_without_their_bounds_is_told_what_it_lacks(why):
    without = "histogram_quantile(0.9, sum by (endpoint) (rate(requests_total[1m])))"

    assert why("promql", without).startswith("`histogram_quantile` needs the label `le`")
    assert why("promql", without.replace("endpoint", "le, endpoint")) == ""


def test_a_field_of_the_line_is_no_label_of_a_stream(why):
    assert why("logql", '{trace_id="abc"}') == (
        "`trace_id` is no label of a log stream: streams have `service` and `level`. What stands in the line becomes a "
        "label after `| json`, and can be asked for behind it: `| json | trace_id=…`."
    )


def test_spans(why):
    assert why("traceql", '{ name = "GET" && duration > 1s }') == "No span has `duration > 1s`."
    assert why("traceql", '{ name = "GET" } >> { name = "PUT" || duration > 1ms }') == 'No span has `name = "PUT"`.'
    assert why("traceql", '{ name = "GET" && duration > 1ms }') == ""


def test_conditions_that_no_one_span_has_together(why):
    several = '{ name = "GET" && status = error }'

    assert why("traceql", several).startswith(f"Some spans have one of the conditions in `{several}`, some another")
    assert why("traceql", '{ name = "GET" } && { status = error }') == ""


def test_a_part_of_a_text_is_told_how_to_be_asked_for(why):
    assert why("traceql", '{ name = "POST" }') == (
        'No span has `name = "POST"`. A text is compared as a whole; some have `name =~ ".*POST.*"`.'
    )
    assert why("traceql", '{ span.url.query = "a+b" }').endswith('some have `span.url.query =~ ".*a.b.*"`.')
    assert why("traceql", '{ span.url.path =~ "/user/.+" }').endswith('some have `span.url.path =~ ".*/user/.+.*"`.')
