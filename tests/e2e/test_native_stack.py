"""The native stack: real servers, as many as this machine has, with the configuration files that the containers have.

CI has Debian's Prometheus and Alertmanager; there the telemetry store answers for Loki and Tempo. Where those are on
PATH as well, the same tests run against them.
"""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from lab.alerts import Notification, read_notifications
from lab.stacks.programs import find_server
from lab.stacks.store import ALL_APIS, NAME
from lab.telemetry_client import TelemetryError, TraceNotFound
from tests.e2e.conftest import BootedLab, boot, kept_down

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

SERVICES = {"frontend", "backend", "database"}


@pytest.fixture(scope="module")
def native_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedLab]:
    missing = [name for name in ("prometheus", "alertmanager") if find_server(name).path is None]
    if missing:
        message = f"needs {' and '.join(missing)}: apt install prometheus prometheus-alertmanager"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    yield from boot(tmp_path_factory.mktemp("native"), "--rps", "8", stack="native")


@pytest.fixture(scope="module")
def real() -> set[str]:
    """Which servers are the real ones."""
    names = (*ALL_APIS, "alertmanager", "grafana")
    return {name for name in names if find_server(name).path is not None}


@pytest.fixture(scope="module")
def backends(real) -> set[str]:
    """The processes that have metrics of their own besides the services."""
    return real | ({NAME} if not real.issuperset(ALL_APIS) else set())


def test_what_is_found_runs_and_what_is_not_is_said(native_lab, real, backends):
    status = native_lab.status()

    assert status["healthy"] is True
    assert {process["name"] for process in status["processes"]} == {*backends, "alert_inbox", "workbench", *SERVICES}
    said = {note.split()[0]: note.partition(": ")[2] for note in status["notes"]}
    assert set(said) == {"prometheus", "loki", "tempo", "alertmanager", "grafana"} - real
    assert {said[name] for name in ("loki", "tempo") if name in said} <= {"the telemetry store answers its API"}


def test_every_server_is_scraped_the_real_ones_included(native_lab, backends, wait_for):
    expected = {("chain", service) for service in SERVICES} | {(name, name) for name in backends}

    def targets():
        found = native_lab.telemetry.targets()
        return found if found and all(target["health"] == "up" for target in found) else None

    found = wait_for(targets, "all targets are up", 40.0)

    assert {(target["labels"]["job"], target["labels"]["service"]) for target in found} == expected


def test_one_request_is_seen_through_all_three_apis(native_lab, wait_for):
    # One for whom the database was asked: the generated users have been with some already.
    answers = (requests.get(native_lab.url("frontend", f"/user/{number}"), timeout=10) for number in range(500, 1000))
    answer = next(answer for answer in answers if 'cache;desc="miss"' in answer.headers["Server-Timing"])
    trace_id, path = answer.headers["X-Trace-Id"], urlsplit(answer.url).path

    def complete_trace():
        try:
            spans = native_lab.telemetry.trace(trace_id)
        except TraceNotFound:
            return None
        return spans if {span.service for span in spans} == SERVICES else None

    spans = wait_for(complete_trace, "the trace")
    assert Counter(span.name for span in spans)["frontend_get_user"] == 1

    def lines():
        found = native_lab.telemetry.logs(f'{{service=~".+"}} |= "{trace_id}"')
        return found if {line.labels["service"] for line in found} == SERVICES else None

    for line in wait_for(lines, "the log lines of all tiers"):
        assert line.fields["trace_id"] == trace_id
        assert line.fields["span_id"] in {span.span_id for span in spans}

    counter = 'frontend_requests_total{method="GET",endpoint="/user/<id>",status="200"}'
    (sample,) = wait_for(lambda: native_lab.telemetry.query(counter), "a scrape")
    assert sample.labels["service"] == "frontend"

    def found_by_search():
        now = int(time.time())
        traces = native_lab.telemetry.search_traces(
            q=f'{{ resource.service.name = "frontend" && span.url.path = "{path}" }}', start=now - 300, end=now + 5
        )
        return trace_id in [trace["traceID"].rjust(32, "0") for trace in traces]

    wait_for(found_by_search, "a search finds it", 40.0)


def test_an_exemplar_leads_from_prometheus_to_a_trace(native_lab, wait_for):
    def exemplars():
        now = time.time()
        series = native_lab.telemetry.exemplars("frontend_request_duration_seconds_bucket", now - 300, now + 5)
        return [exemplar["labels"]["trace_id"] for item in series for exemplar in item["exemplars"]]

    def its_trace():
        try:
            return native_lab.telemetry.trace(exemplars()[-1])
        except (TelemetryError, IndexError):
            return None

    assert "frontend" in {span.service for span in wait_for(its_trace, "an exemplar's trace", 40.0)}


def test_metrics_made_from_spans_reach_prometheus(native_lab, wait_for):
    def services_with_span_metrics():
        found = native_lab.telemetry.query("count by (service) (traces_spanmetrics_calls_total)")
        return {sample.labels["service"] for sample in found} == SERVICES

    def calls():
        found = native_lab.telemetry.query("sum by (client, server) (traces_service_graph_request_total)")
        return {(sample.labels["client"], sample.labels["server"]) for sample in found}

    wait_for(services_with_span_metrics, "span metrics of all services", 60.0)
    wait_for(
        lambda: calls() >= {("frontend", "backend"), ("backend", "database")}, "the service graph's two calls", 60.0
    )


def test_the_rules_are_evaluated_and_their_results_are_there(native_lab, wait_for):
    def recorded():
        found = native_lab.telemetry.query("service:requests:rate1m > 0")
        return {sample.labels["service"] for sample in found} == SERVICES

    wait_for(recorded, "a request rate for each service", 60.0)
    answer = requests.get(native_lab.state().backends["prometheus"] + "/api/v1/rules", timeout=10).json()
    rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
    assert {rule["type"] for rule in rules} == {"recording", "alerting"}
    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []
    assert {group["interval"] for group in answer["data"]["groups"]} >= {5}


def notifications(lab: BootedLab) -> list[Notification]:
    report = read_notifications(lab.state().backends["alert_inbox"], 100)
    assert report.problem is None
    return list(report.notifications)


def test_alerts_fire_reach_the_inbox_are_shown_and_resolve(native_lab, wait_for):
    def told(status, alert_name, service):
        return [
            message
            for message in notifications(native_lab)
            if (message.status, message.alert_name, message.service) == (status, alert_name, service)
        ]

    def firing():
        return {
            (alert["name"], alert["service"]) for alert in native_lab.status()["alerts"] if alert["state"] == "firing"
        }

    wait_for(lambda: native_lab.telemetry.query("service:requests:rate1m > 0"), "traffic", 60.0)
    before = len(notifications(native_lab))
    with kept_down(native_lab, "database"):
        wait_for(lambda: told("firing", "TargetDown", "database"), "it is told that the database is gone", 60.0)
        wait_for(lambda: told("firing", "HighErrorRate", "backend"), "it is told that the backend fails", 90.0)
        wait_for(lambda: firing() >= {("TargetDown", "database"), ("HighErrorRate", "backend")}, "status shows both")
        shown = native_lab.run("status")

    assert shown.returncode == 1
    assert "TargetDown (page)  database is gone" in shown.stdout
    assert "look first: " in shown.stdout
    assert "last notifications:" in shown.stdout

    wait_for(lambda: told("resolved", "TargetDown", "database"), "it is told that the database is back", 90.0)
    wait_for(lambda: told("resolved", "HighErrorRate", "backend"), "it is told that the backend is well", 150.0)
    wait_for(lambda: not firing() & {("TargetDown", "database"), ("HighErrorRate", "backend")}, "status shows neither")
    assert len(notifications(native_lab)) >= before + 4
    assert native_lab.run("status").returncode == 0


def test_a_backend_that_is_killed_comes_back_with_what_it_had(native_lab, backends, wait_for):
    telemetry = native_lab.telemetry
    scraped = "count_over_time(up{service='frontend'}[10m])"
    wait_for(lambda: telemetry.query(scraped), "samples")
    samples = telemetry.query(scraped)[0].value
    line = wait_for(lambda: telemetry.logs('{service="frontend"}', limit=1), "a log line")[0]
    told = notifications(native_lab)
    restarts = {name: native_lab.state().process(name).restarts for name in (*backends, "alert_inbox")}

    for name in restarts:
        os.kill(native_lab.pid(name), signal.SIGKILL)

    def back():
        state = native_lab.state()
        return all(state.process(name).restarts == count + 1 for name, count in restarts.items())

    wait_for(back, f"{sorted(restarts)} are started again", 40.0)
    wait_for(lambda: native_lab.run("status").returncode == 0, "everything is healthy again", 60.0)
    # Of a trace, Tempo may lose the last seconds; nothing else may be lost.
    assert telemetry.query(scraped)[0].value >= samples - 2
    assert line in telemetry.logs('{service="frontend"}', line.time_unix_nano - 1, line.time_unix_nano + 1, limit=100)
    assert set(told) <= set(notifications(native_lab))


def test_the_links_of_a_page_lead_to_grafana_where_it_runs_and_to_the_workbench_where_not(native_lab, real):
    page = requests.get(native_lab.url("frontend", "/user/5"), headers={"Accept": "text/html"}, timeout=10).text

    backends = native_lab.state().backends
    assert (backends["grafana"] + "/explore" if "grafana" in real else backends["workbench"] + "/trace/") in page


@pytest.fixture
def second_lab(tmp_path: Path) -> Iterator[BootedLab]:
    yield from boot(tmp_path / "second", "--no-traffic", stack="native")


def test_two_labs_run_side_by_side(native_lab, second_lab, backends, wait_for):
    def scraped(lab):
        return {target["scrapeUrl"] for target in lab.telemetry.targets() if target["health"] == "up"}

    count = len(SERVICES) + len(backends)
    wait_for(lambda: len(scraped(second_lab)) == count, "the second lab's targets are up", 40.0)
    assert not scraped(second_lab) & scraped(native_lab)

    trace_id = requests.get(second_lab.url("frontend", "/user/77"), timeout=10).headers["X-Trace-Id"]
    wait_for(lambda: second_lab.run("trace", trace_id, "--wait", "0").returncode == 0, "a trace in the second lab")
    assert native_lab.run("trace", trace_id, "--wait", "0").returncode == 1
    assert (native_lab.status()["healthy"], second_lab.status()["healthy"]) == (True, True)


def test_what_was_collected_survives_down_and_up(native_lab, wait_for):
    telemetry = native_lab.telemetry
    trace_id = requests.get(native_lab.url("frontend", "/user/77"), timeout=10).headers["X-Trace-Id"]
    line_of_trace = f'{{service="frontend"}} |= "{trace_id}"'
    wait_for(lambda: native_lab.run("trace", trace_id, "--wait", "0").returncode == 0, "the trace has arrived")
    lines = wait_for(lambda: telemetry.logs(line_of_trace), "its lines have arrived")
    counted = "max_over_time(frontend_requests_total{endpoint='/user/<id>',status='200'}[15m])"
    requests_before = wait_for(lambda: telemetry.query(counted), "a scrape")[0].value

    native_lab.down()
    native_lab.up("--rps", "8")

    assert native_lab.run("trace", trace_id, "--wait", "10").returncode == 0
    assert telemetry.logs(line_of_trace)[: len(lines)] == lines
    assert telemetry.query(counted)[0].value >= requests_before


def test_the_real_loki_and_tempo_take_the_places_of_the_store(native_lab, real):
    if not real.issuperset(ALL_APIS):
        pytest.skip("needs loki and tempo on PATH")
    versions = requests.get(native_lab.state().backends["tempo"] + "/api/status/buildinfo", timeout=10)
    assert json.loads(versions.text)["version"].startswith("3.")
    assert NAME not in {process.name for process in native_lab.state().processes}
