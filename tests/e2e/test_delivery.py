"""Under load nothing is lost: what the services say they emitted is what the store holds."""

import pytest
import requests

from tests.e2e.load_generator import Load

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

REQUESTS = 1_000
SERVICES = ("frontend", "backend", "database")

#: Users, products and the home page, cache hits and misses, unknown and invalid ids.
PATHS = [
    *(f"/user/{number}" for number in range(1, 150)),
    *(f"/product/{number}" for number in range(1, 80)),
    *(["/"] * 10),
    *(["/user/999999", "/user/abc", "/product/-1"] * 5),
]


def emitted(lab, signal: str) -> int:
    """Both sides' first: the services' own counters, read from them and not through the store."""
    total = 0.0
    for service in SERVICES:
        text = requests.get(lab.url(service, "/metrics"), timeout=10).text
        for line in text.splitlines():
            if line.startswith(f'lab_telemetry_emitted_total{{signal="{signal}"}}'):
                total += float(line.rsplit(" ", 1)[1])
            if line.startswith("lab_telemetry_dropped_total"):
                assert float(line.rsplit(" ", 1)[1]) == 0, line
    return int(total)


def value(lab, promql: str) -> int:
    samples = lab.telemetry.query(promql)
    return int(samples[0].value) if samples else 0


def test_every_span_and_line_of_a_thousand_requests_is_in_the_store(fresh_lab, wait_for):
    lab = fresh_lab
    answers = Load(lab.url("frontend"), PATHS).run(REQUESTS)

    assert len(answers) == REQUESTS
    assert {answer.status for answer in answers} == {200, 400, 404}
    assert len({answer.trace_id for answer in answers}) == REQUESTS

    received = "sum(tempo_distributor_spans_received_total)"
    wait_for(lambda: value(lab, received) and value(lab, received) == emitted(lab, "spans"), "all spans", 30)

    # Counted by hand in the store, trace by trace, and not by its own counters.
    spans = sum(len(lab.telemetry.trace(answer.trace_id)) for answer in answers)
    assert spans == emitted(lab, "spans")

    lines = 0
    for service in SERVICES:
        for level in ("info", "warning", "error"):
            newest = None
            while True:
                page = lab.telemetry.logs(
                    f'{{service="{service}",level="{level}"}}', end_unix_nano=newest, limit=5000, newest_first=True
                )
                lines += len(page)
                if len(page) < 5000:
                    break
                newest = page[-1].time_unix_nano
    assert lines == emitted(lab, "logs")

    # The next scrape has seen the last request.
    total = "sum(frontend_requests_total)"
    wait_for(lambda: value(lab, total) == REQUESTS, "a scrape after the last request")
    by_status = {
        sample.labels["status"]: int(sample.value)
        for sample in lab.telemetry.query("sum by (status) (frontend_requests_total) > 0")
    }
    seen = {str(status): 0 for status in (200, 400, 404)}
    for answer in answers:
        seen[str(answer.status)] += 1
    assert by_status == seen
    assert value(lab, "sum(frontend_request_duration_seconds_count)") == REQUESTS
