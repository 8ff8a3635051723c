"""One request, followed from the answer's trace id through all three APIs."""

import time
from collections import Counter

import pytest
import requests

from lab.telemetry_client import Span, TelemetryError, TraceNotFound
from tests.e2e.load_generator import ask

pytestmark = pytest.mark.e2e

#: Each user is asked for once in the shared lab, so that it is a cache miss here.
USER = 731

#: What Loki itself adds to every stream or entry.
LOKIS_OWN_LABELS = {"service_name", "detected_level"}

#: name -> (service, kind, parent's name), as the design draws it.
TEN_SPANS = {
    ("frontend_get_user", "frontend", "server", None),
    ("GET", "frontend", "client", "frontend_get_user"),
    ("backend_get_user", "backend", "server", "GET"),
    ("validate_user_id", "backend", "internal", "backend_get_user"),
    ("GET", "backend", "client", "backend_get_user"),
    ("database_get_user", "database", "server", "GET"),
    ("transaction_begin", "database", "internal", "database_get_user"),
    ("query_planning", "database", "internal", "database_get_user"),
    ("query_execution", "database", "internal", "database_get_user"),
    ("transaction_commit", "database", "internal", "database_get_user"),
}


@pytest.fixture(scope="module")
def answer(lab):
    with requests.Session() as session:
        session.trust_env = False
        return ask(session, lab.url("frontend"), f"/user/{USER}")


@pytest.fixture(scope="module")
def spans(lab, answer, wait_for) -> list[Span]:
    def complete():
        try:
            spans = lab.telemetry.trace(answer.trace_id)
        except TraceNotFound:
            return None
        return spans if len(spans) >= len(TEN_SPANS) else None

    return wait_for(complete, "a complete trace")


def test_the_trace_has_the_ten_spans_of_a_cache_miss_in_their_places(spans):
    names = {span.span_id: span.name for span in spans}
    found = [(span.name, span.service, span.kind, names.get(span.parent_span_id)) for span in spans]
    assert Counter(found) == Counter(TEN_SPANS)


def test_children_lie_within_their_parents(spans):
    by_id = {span.span_id: span for span in spans}
    for span in spans:
        parent = by_id.get(span.parent_span_id)
        if parent is not None:
            assert parent.start_time_unix_nano <= span.start_time_unix_nano
            assert span.end_time_unix_nano <= parent.end_time_unix_nano


def test_spans_carry_the_semantic_conventions(spans):
    server = {span.service: span for span in spans if span.kind == "server"}
    assert {name: span.attributes["http.route"] for name, span in server.items()} == {
        "frontend": "/user/<id>",
        "backend": "/api/user/<id>",
        "database": "/db/user/<id>",
    }
    for span in server.values():
        assert span.attributes["http.request.method"] == "GET"
        assert span.attributes["http.response.status_code"] == 200
        assert span.resource["service.namespace"] == "chain"
        assert span.resource["deployment.environment.name"] == "lab"
    assert server["frontend"].attributes["url.path"] == f"/user/{USER}"


def test_the_log_lines_of_all_tiers_lead_to_the_trace_and_its_spans(lab, answer, spans, wait_for):
    wanted = [
        ("frontend", f"Fetching user {USER}"),
        ("backend", f"Processing user request for ID: {USER}"),
        ("backend", f"Cache miss for user:{USER}"),
        ("database", f"Querying user {USER} from database"),
        ("database", "Transaction committed"),
        ("backend", f"User {USER} request completed"),
        ("frontend", f"User {USER} fetch completed"),
    ]

    def lines():
        found = lab.telemetry.logs(f'{{service=~"frontend|backend|database"}} |= "{answer.trace_id}"')
        return found if len(found) >= len(wanted) else None

    found = wait_for(lines, "all log lines")
    assert sorted((line.fields["service"], line.fields["message"]) for line in found) == sorted(wanted)
    span_ids = {span.span_id for span in spans}
    for line in found:
        assert line.labels["service"] == line.fields["service"]
        assert line.labels["level"] == line.fields["level"] == "info"
        assert set(line.labels) - LOKIS_OWN_LABELS == {"service", "level"}
        assert line.fields["trace_id"] == answer.trace_id
        assert line.fields["span_id"] in span_ids


def test_the_metrics_have_counted_it_with_the_service_on_every_series(lab, answer, spans, wait_for):
    counters = {
        'frontend_requests_total{method="GET",endpoint="/user/<id>",status="200"}': "frontend",
        'backend_requests_total{method="GET",endpoint="/api/user/<id>",status="200"}': "backend",
        'backend_cache_operations_total{operation="miss"}': "backend",
        'backend_database_calls_total{operation="get_user",status="success"}': "backend",
        'database_queries_total{operation="SELECT",table="users",status="success"}': "database",
        'database_transactions_total{status="committed"}': "database",
    }

    def counted():
        found = {selector: lab.telemetry.query(selector) for selector in counters}
        return found if all(samples and samples[0].value >= 1 for samples in found.values()) else None

    found = wait_for(counted, "a scrape after the request")
    assert {selector: samples[0].labels["service"] for selector, samples in found.items()} == counters


def test_an_exemplar_leads_from_the_histogram_to_a_trace(lab, answer, spans, wait_for):
    def exemplars():
        now = time.time()
        return lab.telemetry.exemplars(
            'frontend_request_duration_seconds_bucket{endpoint="/user/<id>"}', now - 300, now + 5
        )

    found = wait_for(exemplars, "an exemplar")
    trace_ids = [exemplar["labels"]["trace_id"] for series in found for exemplar in series["exemplars"]]
    assert lab.telemetry.trace(trace_ids[-1])[0].name.startswith("frontend_")


def test_a_search_finds_it(lab, answer, spans, wait_for):
    def found():
        traces = lab.telemetry.search_traces(
            tags="service.name=database", minDuration="1us", start=int(time.time()) - 300, end=int(time.time()) + 5
        )
        return answer.trace_id in [trace["traceID"].rjust(32, "0") for trace in traces]

    wait_for(found, "the trace among the search's results")


def test_a_question_the_store_cannot_answer_is_the_apis_own_error(lab):
    with pytest.raises(TelemetryError, match="bad_data"):
        lab.telemetry.query("sum by (")
