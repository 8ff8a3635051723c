"""Asking the three APIs: what comes of answers, of errors, and of several who ask at once."""

from __future__ import annotations

import json

import pytest

#: (status, body, kind, message, position): what an API, or the relay in front of it, may answer.
ERRORS = [
    (400, {"status": "error", "errorType": "bad_data", "error": 'invalid parameter "query": 1:6: parse error: what'},
     "bad query", 'invalid parameter "query": 1:6: parse error: what', {"line": 1, "column": 6}),
    (422, {"status": "error", "errorType": "execution", "error": "found duplicate series"}, "bad query", None, None),
    (400, "parse error at line 2, col 14: syntax error: unexpected IDENTIFIER", "bad query", None,
     {"line": 2, "column": 14}),
    (400, "invalid TraceQL query: parse error at line 1, col 3: unknown identifier: foo", "bad query", None,
     {"line": 1, "column": 3}),
    (400, {"status": "error", "error": "exceeded maximum resolution of 11,000 points per series"}, "too large", None,
     None),
    (413, "request too large", "too large", None, None),
    (404, "trace not found", "not found", None, None),
    (403, {"error": "only from this machine", "errorType": "forbidden"}, "forbidden", None, None),
    (502, {"error": "Loki does not answer", "errorType": "unreachable"}, "unreachable", "Loki does not answer", None),
    (504, {"error": "Loki took longer than 30 s", "errorType": "timeout"}, "timeout", None, None),
    (503, "", "unreachable", "HTTP 503", None),
    (500, "<html><h1>oops</h1></html>", "server", "HTTP 500", None),
    (500, '{"error": "cut sho', "server", '{"error": "cut sho', None),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "message", "position"), ERRORS)
def test_an_error_says_what_kind_it_is_and_where(module, status, body, kind, message, position):
    text = body if isinstance(body, str) else json.dumps(body)
    script = """(m, [status, text]) => {
      const { kind, backend, status: told, message, position } = m.errorOfAnswer("loki", status, text);
      return { kind, backend, status: told, message, position };
    }"""
    found = module("data/api_error.js", script, [status, text])
    expected = message or (body if isinstance(body, str) else body["error"])
    assert found == {"kind": kind, "backend": "loki", "status": status, "message": expected, "position": position}


@pytest.fixture
def api(module):
    """api({path: answer or function of the route}): what the APIs answer from here on; the paths that were asked."""
    module.reset()
    module("format/time.js", "() => null")
    asked: list[str] = []
    patterns: list[str] = []

    def answering(answer):
        def handle(route):
            asked.append(route.request.url.partition("/api/")[2])
            if callable(answer):
                answer(route)
            else:
                route.fulfill(json=answer)

        return handle

    def install(answers):
        for path, answer in answers.items():
            pattern = f"**/api/{path}*"
            patterns.append(pattern)
            module.page.route(pattern, answering(answer))
        return asked

    yield install
    for pattern in patterns:
        module.page.unroute(pattern)
    module.reset()


def matrix(*series):
    return {"status": "success", "data": {"resultType": "matrix", "result": list(series)}}


def test_values_that_json_has_no_number_for_are_numbers_all_the_same(module, api):
    values = [[1, "1.5"], [2, "NaN"], [3, "+Inf"], [4, "-Inf"], [5, "1e3"]]
    api({"prometheus/api/v1/query_range": matrix({"metric": {"a": "b"}, "values": values})})
    script = """async (m) => {
      const [{ labels, times, values }] = await m.queryRange("up", { from: 1, to: 5, step: 1 });
      return [labels, times instanceof Float64Array, [...times], [...values]];
    }"""
    assert module("data/prometheus.js", script) == [
        {"a": "b"},
        True,
        [1, 2, 3, 4, 5],
        [1.5, "NaN", "Infinity", "-Infinity", 1000],
    ]


def test_a_scalar_is_one_sample_without_labels(module, api):
    api({"prometheus/api/v1/query": {"status": "success", "data": {"resultType": "scalar", "result": [7, "2"]}}})
    assert module("data/prometheus.js", "m => m.query('2')") == [{"labels": {}, "time": 7, "value": 2}]


def test_the_same_question_asked_by_several_panels_is_asked_once(module, api):
    asked = api({"prometheus/api/v1/query_range": matrix()})
    script = """async (m) => {
      const ask = () => m.queryRange("up", { from: 1, to: 5, step: 1 });
      await Promise.all([ask(), ask(), ask()]);
      await ask();
    }"""
    module("data/prometheus.js", script)
    assert len(asked) == 2, "three at once are one; a later one is another"


def test_who_leaves_does_not_take_the_answer_from_the_others(module, api):
    asked = api({"prometheus/api/v1/query": {"status": "success", "data": {"resultType": "vector", "result": []}}})
    script = """async (m) => {
      const leaving = new AbortController();
      const first = m.query("up", { signal: leaving.signal }).catch((error) => error.name);
      const second = m.query("up", { signal: new AbortController().signal });
      leaving.abort();
      return [await first, await second];
    }"""
    assert module("data/prometheus.js", script) == ["AbortError", []]
    assert len(asked) == 1


def test_a_question_that_everybody_gave_up_is_asked_anew(module, api):
    api({"prometheus/api/v1/query": {"status": "success", "data": {"resultType": "vector", "result": []}}})
    script = """async (m) => {
      const leaving = new AbortController();
      const first = m.query("up", { signal: leaving.signal }).catch((error) => error.name);
      leaving.abort();
      return [await first, await m.query("up")];
    }"""
    assert module("data/prometheus.js", script) == ["AbortError", []]


def test_an_answer_that_does_not_come_ends_after_the_time_it_was_given(module, api):
    api({"tempo/api/search": lambda route: None})
    script = """(m) => m.ask("/api/tempo/api/search", { timeout: 0.2 })
      .catch(({ kind, backend, message }) => [kind, backend, message])"""
    assert module("data/http.js", script) == ["timeout", "tempo", "No answer within 0.2 s."]


def test_no_connection_at_all_is_told_as_that(module, api, module_watch):
    api({"loki/loki/api/v1/labels": lambda route: route.abort("connectionrefused")})
    found = module("data/loki.js", "m => m.labelNames().catch(({ kind, backend }) => [kind, backend])")
    assert found == ["unreachable", "loki"]
    # The failed request is what was asked for.
    module_watch.complaints.clear()


def test_a_long_query_goes_as_a_form(module, api):
    methods = []

    def answer(route):
        methods.append((route.request.method, len(route.request.post_data or "")))
        route.fulfill(status=200, json={"status": "success", "data": {"resultType": "vector", "result": []}})

    api({"prometheus/api/v1/query": answer})
    module("data/prometheus.js", "async m => { await m.query('up'); await m.query('up or '.repeat(1000)); }")
    assert methods[0] == ("GET", 0)
    assert methods[1][0] == "POST"
    assert methods[1][1] > 5000


def test_an_api_that_hangs_leaves_room_for_the_others(module):
    script = """async (m) => {
      const queue = new m.Queue(6, 4);
      const began = [];
      const turn = (group) => queue.turn({ group }).then((release) => (began.push(group), release));
      const hanging = Array.from({ length: 8 }, () => turn("tempo"));
      const others = Array.from({ length: 3 }, () => turn("loki"));
      await others[1];
      const first = began.join(" ");
      (await hanging[0])();
      await hanging[4];
      return [first, began.length];
    }"""
    assert module("data/queue.js", script) == ["tempo tempo tempo tempo loki loki", 7]


def test_the_urgent_go_first_and_who_lost_interest_does_not_go(module):
    script = """async (m) => {
      const queue = new m.Queue(1);
      const order = [];
      const release = await queue.turn();
      const leaving = new AbortController();
      const go = (name, wish) =>
        queue.turn(wish).then((done) => (order.push(name), done()), () => order.push(`no ${name}`));
      const all = [
        go("panel", {}),
        go("left", { signal: leaving.signal }),
        go("completion", { urgent: true }),
        go("other panel", {}),
      ];
      leaving.abort();
      release();
      await Promise.all(all);
      return order;
    }"""
    assert module("data/queue.js", script) == ["no left", "completion", "panel", "other panel"]


def test_exemplars_name_the_series_and_the_trace(module, api):
    found = {"labels": {"trace_id": "abc", "user": "7"}, "value": "0.25", "timestamp": 3.5}
    series = {"seriesLabels": {"le": "0.5"}, "exemplars": [found]}
    api({"prometheus/api/v1/query_exemplars": {"status": "success", "data": [series]}})
    assert module("data/prometheus.js", "m => m.exemplars('x', { from: 1, to: 5 })") == [
        {"labels": {"le": "0.5"}, "time": 3.5, "value": 0.25, "traceId": "abc", "attributes": found["labels"]}
    ]


def streams(*values, **labels):
    return {"status": "success", "data": {"resultType": "streams", "result": [{"stream": labels, "values": values}]}}


def test_lines_come_in_order_with_what_they_carry(module, api):
    record = json.dumps({"message": "no", "level": "error", "trace_id": "AB" * 16, "span_id": "not an id"})
    api(
        {
            "loki/loki/api/v1/query_range": streams(
                ["1000000000000000002", record, {"structuredMetadata": {"pod": "a"}}],
                ["1000000000000000001", "plain <script>"],
                service="backend",
                level="warn",
            )
        }
    )
    script = """async (m) => (await m.queryRange("{}", { from: 1, to: 2, direction: "forward" })).lines
      .map(({ nano, time, labels, metadata, line, fields, level, traceId, spanId }) =>
        ({ nano, time, labels, metadata, line, fields, level, traceId, spanId }))"""
    plain, structured = module("data/loki.js", script)
    labels = {"service": "backend", "level": "warn"}
    assert plain == {
        "nano": "1000000000000000001",
        "time": 1000000000,
        "labels": labels,
        "metadata": {},
        "line": "plain <script>",
        "fields": {},
        "level": "warning",
        "traceId": None,
        "spanId": None,
    }
    assert (structured["metadata"], structured["traceId"], structured["spanId"]) == ({"pod": "a"}, "ab" * 16, None)


def test_an_id_gets_back_the_zeros_that_tempo_leaves_out(module, api):
    trace = {
        "traceID": "abc123",
        "rootServiceName": "frontend",
        "rootTraceName": "GET /",
        "startTimeUnixNano": "1795262863650630705",
        "durationMs": 11,
        "serviceStats": {"frontend": {"spanCount": 2, "errorCount": 1}, "backend": {"spanCount": 3}},
        "spanSets": [{"matched": 1, "spans": [{"spanID": "1", "startTimeUnixNano": "1000", "durationNanos": "250000000",
                      "attributes": [{"key": "n", "value": {"intValue": "7"}}]}]}],
    }  # fmt: skip
    api({"tempo/api/search": {"traces": [trace]}})
    (found,) = module("data/tempo.js", "m => m.search('{}', { from: 1, to: 2 })")
    assert found["traceId"] == "abc123".zfill(32)
    assert found["start"] == 1795262863.65063
    assert found["durationSeconds"] == 0.011
    assert found["services"] == [
        {"name": "frontend", "spanCount": 2, "errorCount": 1},
        {"name": "backend", "spanCount": 3, "errorCount": 0},
    ]
    (span,) = found["spanSets"][0]["spans"]
    assert (span["durationSeconds"], span["attributes"]) == (0.25, {"n": 7})


def test_a_trace_that_is_not_there_is_not_found_though_the_answer_is_200(module, api):
    api({"tempo/api/v2/traces/abc": {"trace": {}, "metrics": {}}})
    found = module("data/tempo.js", "m => m.trace('abc').catch(({ kind, message }) => [kind, message])")
    assert found == ["not found", "No trace has the id abc."]


def test_a_zero_that_tempo_leaves_out_is_a_zero(module, api):
    label = {"key": "name", "value": {"stringValue": "GET"}}
    samples = [{"timestampMs": "1000"}, {"timestampMs": "2000", "value": 1.5}]
    exemplar = {"labels": [{"key": "trace:id", "value": {"stringValue": "abc"}}], "value": 2, "timestampMs": "1500"}
    api(
        {
            "tempo/api/metrics/query_range": {
                "series": [{"labels": [label], "samples": samples, "exemplars": [exemplar]}]
            }
        }
    )
    script = """async (m) => {
      const found = await m.metricsRange("{} | rate()", { from: 1, to: 2, step: 1 });
      return [found[0].labels, [...found[0].times], [...found[0].values], found.exemplars[0].traceId];
    }"""
    assert module("data/tempo.js", script) == [{"name": "GET"}, [1, 2], [0, 1.5], "abc"]
