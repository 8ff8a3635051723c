"""`lab load` in the lab's own metrics: the same requests as in its report and as the frontend counts them."""

import json
import time

import pytest


def sum_of(lab, promql):
    return sum(sample.value for sample in lab.telemetry.query(promql))


@pytest.mark.slow
def test_a_load_test_is_in_the_labs_metrics_to_its_last_request(lab, wait_for):
    wait_for(lambda: lab.telemetry.query("frontend_requests_total"), "the frontend is scraped")
    before = sum_of(lab, "sum(frontend_requests_total)")
    began = time.time()
    result = lab.run("load", "--users", "5", "--duration", "6s", "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    requests = report["total"]["requests"]

    # Its series end, and were complete when they did.
    wait_for(lambda: not lab.telemetry.query('{job="loadtest"}'), "the load test's series have ended", 15.0)
    window = f"{time.time() - began:.0f}s"
    assert sum_of(lab, f"sum(last_over_time(loadtest_requests_total[{window}]))") == requests
    assert sum_of(lab, f"sum(last_over_time(loadtest_request_duration_seconds_count[{window}]))") == requests
    assert sum_of(lab, f"max_over_time(loadtest_users[{window}])") == 5
    by_name = {
        sample.labels["name"]: sample.value
        for sample in lab.telemetry.query(f"sum by (name) (last_over_time(loadtest_requests_total[{window}]))")
    }
    assert by_name == {entry["name"]: entry["requests"] for entry in report["requests"]}
    # They rose from 0, so that rates have the first requests, too.
    assert sum_of(lab, f"sum(min_over_time(loadtest_requests_total[{window}]))") == 0

    wait_for(
        lambda: sum_of(lab, "sum(frontend_requests_total)") - before == requests,
        "the frontend's own count agrees with Locust's",
    )
    assert list(lab.state_dir.glob("targets/loadtest*")) == []
