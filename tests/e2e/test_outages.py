"""Things die under load: requests go on or fail cleanly, what died comes back, and telemetry flows again."""

import os
import signal
import time

import psutil
import pytest

from lab.telemetry_client import TelemetryError
from tests.e2e.load_generator import Load

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

PATHS = [*(f"/user/{number}" for number in range(1, 900)), "/"]


def traces_arrive(lab, answers) -> bool:
    """Whether the newest answers' traces can be fetched."""
    try:
        return all(lab.telemetry.trace(answer.trace_id) for answer in answers[-5:])
    except TelemetryError:
        return False


def answered_later(load, after: int):
    """The good answers beyond the first `after`."""
    return [answer for answer in load.answers[after:] if answer.status == 200]


def test_with_the_store_killed_no_request_fails_and_telemetry_flows_again(fresh_lab, wait_for):
    load = Load(fresh_lab.url("frontend"), PATHS, threads=4)
    load.start()
    try:
        wait_for(lambda: len(load.answers) > 100, "some load")
        first_pid = fresh_lab.pid("telemetry_store")
        os.kill(first_pid, signal.SIGKILL)
        wait_for(lambda: fresh_lab.pid("telemetry_store") != first_pid, "the store is started again", 30)
        wait_for(lambda: fresh_lab.status()["healthy"], "everything is healthy", 30)
        before = len(load.answers)
        wait_for(lambda: len(answered_later(load, before)) > 50, "requests after the outage")
        recent = answered_later(load, before)[:50]
        wait_for(lambda: traces_arrive(fresh_lab, recent), "traces flow again", 30)
    finally:
        answers = load.stop()
    assert {answer.status for answer in answers} == {200}
    # Emitted while the store was away, and delivered after: the buffers hold far more than an outage of seconds.
    wait_for(lambda: traces_arrive(fresh_lab, answers), "the last traces", 30)
    newest = answers[-1].trace_id
    wait_for(lambda: fresh_lab.telemetry.logs(f'{{service="frontend"}} |= "{newest}"'), "log lines flow again", 30)


def test_a_store_that_hangs_does_not_fail_a_request(fresh_lab, wait_for):
    store = psutil.Process(fresh_lab.pid("telemetry_store"))
    load = Load(fresh_lab.url("frontend"), PATHS, threads=4)
    store.suspend()
    try:
        load.start()
        wait_for(lambda: len(load.answers) > 300, "load while the store hangs")
    finally:
        store.resume()
        answers = load.stop()
    assert {answer.status for answer in answers} == {200}
    wait_for(lambda: traces_arrive(fresh_lab, answers), "traces flow again", 60)
    # Also the first ones, which waited the longest.
    wait_for(lambda: traces_arrive(fresh_lab, answers[:5]), "nothing was lost", 60)


@pytest.mark.parametrize("service", ["database", "backend", "frontend"])
def test_a_service_that_is_killed_under_load_comes_back(fresh_lab, wait_for, service):
    load = Load(fresh_lab.url("frontend"), PATHS, threads=4)
    load.start()
    try:
        wait_for(lambda: len(load.answers) > 50, "some load")
        first_pid = fresh_lab.pid(service)
        os.kill(first_pid, signal.SIGKILL)
        wait_for(lambda: fresh_lab.pid(service) != first_pid, f"{service} is started again", 30)
        wait_for(lambda: fresh_lab.status()["healthy"], "everything is healthy", 30)
        before = len(load.answers)
        wait_for(lambda: len(load.answers) > before + 100, "load after the return")
    finally:
        answers = load.stop()

    # No answer took longer than the time-outs allow, and each that came is JSON.
    assert max(answer.seconds for answer in answers) < 15
    assert all(answer.is_json() for answer in answers if answer.status)
    if service == "frontend":
        # Nobody else listens on its port: a connection is refused or cut, never left hanging.
        assert {answer.status for answer in answers} <= {0, 200, 503}
    else:
        assert {answer.status for answer in answers} <= {200, 502, 503}
    assert {answer.status for answer in answers[before + 20 :]} == {200}

    if service != "frontend":
        failed = sum(answer.status in (502, 503) for answer in answers)
        promql = 'sum(frontend_requests_total{status=~"5.."})'

        def counted():
            samples = fresh_lab.telemetry.query(promql)
            return (int(samples[0].value) if samples else 0) == failed

        wait_for(counted, f"the counter shows the {failed} failures")


def test_a_dead_backend_is_503_in_json_in_bounded_time(fresh_lab, wait_for):
    # Stopped, and not killed: the supervisor would start it again.
    backend = psutil.Process(fresh_lab.pid("backend"))
    family = [backend, *backend.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        started = time.monotonic()
        (answer,) = Load(fresh_lab.url("frontend"), ["/user/123"], threads=1).run(1)
        assert time.monotonic() - started < 15
    finally:
        for process in reversed(family):
            process.resume()
    assert answer.status == 503
    assert '"backend_unavailable"' in answer.body
    assert answer.trace_id in answer.body
