"""The command's verbs on a whole lab: what a user sees after `lab up`."""

import html
import json
import os
import re
import subprocess
import sys
import time

import psutil
import pytest
import requests

from lab.http_probe import probe
from lab.paths import REPOSITORY
from lab.ports import LabPorts
from tests.e2e.conftest import kept_down

pytestmark = pytest.mark.e2e


def get(url, **kwargs):
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=10, **kwargs)


def test_status_is_healthy_and_names_every_process(lab):
    result = lab.run("status", "--json")

    status = json.loads(result.stdout)
    assert result.returncode == 0
    assert status["healthy"] is True
    assert [
        (process["name"], process["healthy"], process["ready"], process["problem"]) for process in status["processes"]
    ] == [(name, True, True, None) for name in ("telemetry_store", "workbench", "database", "backend", "frontend")]
    assert all(process["memory_bytes"] > 10**7 for process in status["processes"])


def test_up_names_the_workbench_first_and_it_shows_the_lab(lab):
    address = lab.url("workbench")
    # A start that takes longer says for whom it waits, before all else.
    _, ready, after = lab.said.partition("Everything is ready after ")
    _, first, *_ = after.splitlines()

    assert ready
    assert first.split() == ["workbench", address]
    assert f"Look into it: {address}\n" in lab.said
    shown = get(f"{address}/api/lab").json()
    assert shown["stack"] == "embedded"
    addresses = {service["name"]: service["address"] for system in shown["systems"] for service in system["services"]}
    assert addresses == {name: lab.url(name) for name in ("frontend", "backend", "database")}
    assert get(f"{address}/api/prometheus/api/v1/query?query=vector(1)").json()["status"] == "success"


def test_the_pages_of_a_service_lead_to_its_trace_and_lines_in_the_workbench(lab):
    answer = get(lab.url("frontend", "/user/5"), headers={"Accept": "text/html"})
    trace_id = answer.headers["X-Trace-Id"]
    links = [html.unescape(link) for link in re.findall('href="([^"]+)"', answer.text) if trace_id in link]

    assert len(links) == 2
    for link in links:
        assert link.startswith(lab.url("workbench", "/"))
        assert get(link).status_code == 200


def test_the_store_and_the_workbench_give_way_to_the_services_where_cores_are_short(lab):
    store, page, frontend = (psutil.Process(lab.pid(name)) for name in ("telemetry_store", "workbench", "frontend"))
    assert min(store.nice(), page.nice()) > frontend.nice()


def test_status_shows_what_arrives(lab, wait_for):
    def arriving():
        for number in range(1, 6):
            get(lab.url("frontend", f"/user/{number}"))
        rates = lab.status()["arrival_per_second"]
        return all(rates[signal] for signal in ("samples", "log_lines", "spans")) and rates

    rates = wait_for(arriving, "samples, log lines and spans arrive", 40.0)

    assert rates["problem"] is None
    assert "arriving per second:" in lab.run("status").stdout


def test_every_target_is_scraped(lab, wait_for):
    expected = {"frontend", "backend", "database", "telemetry_store"}

    def scraped():
        return {sample.labels["service"] for sample in lab.telemetry.query("up == 1")} == expected

    wait_for(scraped, f"{expected} are up", 20.0)


def test_trace_shows_the_ten_spans_of_a_cache_miss_with_their_log_lines(lab, wait_for):
    trace_id = get(lab.url("frontend", "/user/377")).headers["X-Trace-Id"]
    wait_for(lambda: len(lab.telemetry.logs(f'{{service=~".+"}} |= "{trace_id}"')) >= 5, "the log lines have arrived")
    wait_for(lambda: f"{trace_id}  " in lab.run("trace", trace_id).stdout, "the trace has arrived")

    lines = lab.run("trace", trace_id).stdout.splitlines()

    assert "10 spans, frontend, backend, database" in lines[0]
    spans = [line.split("█")[0].rstrip() for line in lines[1:] if "·" not in line]
    assert spans == [
        "frontend_get_user  frontend",
        "  GET  frontend",
        "    backend_get_user  backend",
        "      validate_user_id  backend",
        "      GET  backend",
        "        database_get_user  database",
        "          transaction_begin  database",
        "          query_planning  database",
        "          query_execution  database",
        "          transaction_commit  database",
    ]
    assert any(line.strip().startswith("· Fetching user 377") for line in lines)
    assert any(line.strip().startswith("· Querying user 377 from database") for line in lines)


def test_an_unknown_trace_is_named_and_a_wrong_id_explained(lab):
    unknown = lab.run("trace", "0" * 31 + "1", "--wait", "0")
    wrong = lab.run("trace", "not-a-trace")

    assert (unknown.returncode, wrong.returncode) == (1, 2)
    assert "has no trace 00000000000000000000000000000001" in unknown.stderr
    assert "'not-a-trace' is no trace id" in wrong.stderr


def test_load_counts_the_same_requests_as_the_frontend_does(lab):
    before = frontend_requests(lab)

    result = lab.run("load", "--users", "5", "--duration", "4s", "--json")

    report = json.loads(result.stdout)
    assert result.returncode == 0, result.stderr
    assert report["failures"] == []
    assert report["total"]["requests"] == frontend_requests(lab) - before > 20
    assert {entry["name"] for entry in report["requests"]} <= {
        "/",
        "/user/<id>",
        "/product/<id>",
        "/user/<id> unknown",
        "/user/<id> invalid",
    }
    assert 0 < report["total"]["p50_seconds"] <= report["total"]["p95_seconds"] <= report["total"]["p99_seconds"]


def frontend_requests(lab):
    """What the frontend itself has counted."""
    exposition = get(lab.url("frontend", "/metrics")).text
    return sum(
        float(line.rpartition(" ")[2])
        for line in exposition.splitlines()
        if line.startswith("frontend_requests_total{")
    )


def wait_until_requests(lab, count):
    deadline = time.monotonic() + 30
    while frontend_requests(lab) < count:
        assert time.monotonic() < deadline, f"the frontend has not seen {count} requests"
        time.sleep(0.1)


def test_logs_shows_what_a_service_prints(lab, wait_for):
    trace_id = get(lab.url("frontend", "/user/378")).headers["X-Trace-Id"]

    def shown():
        lines = lab.run("logs", "frontend", "-n", "200").stdout.splitlines()
        return any("Fetching user 378" in line and trace_id in line for line in lines)

    wait_for(shown, "the line that the service has just printed")
    assert lab.run("logs", "nobody").returncode == 2


def test_a_second_up_says_that_a_lab_is_running(lab):
    result = lab.run("up", "--port-offset", str(lab.port_offset))

    assert result.returncode == 1
    assert f"a lab is already running here (pid {lab.state().supervisor.pid})" in result.stderr
    assert "lab down" in result.stderr


def test_a_port_in_use_is_named_with_its_holder_and_the_way_out(lab, tmp_path):
    result = lab.run("up", "--port-offset", str(lab.port_offset), "--state-dir", str(tmp_path))

    assert result.returncode == 1
    assert f"port {8001 + lab.port_offset}, for frontend, is in use by" in result.stderr
    assert "-m frontend_service" in result.stderr
    assert f"--port-offset {lab.port_offset + 1000}" in result.stderr
    assert not (tmp_path / "run.json").exists()


def test_status_says_no_while_a_service_is_down_and_yes_when_it_is_back(lab, wait_for):
    restarts = lab.state().process("backend").restarts
    with kept_down(lab, "backend"):
        wait_for(lambda: lab.run("status").returncode == 1, "status notices", 20)

    wait_for(lambda: lab.run("status").returncode == 0, "everything is healthy again", 60.0)

    assert lab.state().process("backend").restarts > restarts


@pytest.mark.slow
def test_an_outage_is_an_alert_in_status_and_passes_with_it(fresh_lab, wait_for):
    def alerts():
        return {(alert["name"], alert["service"], alert["state"]) for alert in fresh_lab.status()["alerts"]}

    up = 'up{service="database"} == 1'
    wait_for(lambda: fresh_lab.telemetry.query(up), "the database is scraped")
    assert alerts() == set()
    with kept_down(fresh_lab, "database"):
        wait_for(lambda: ("TargetDown", "database", "firing") in alerts(), "the alert fires", 60.0)
        shown = fresh_lab.run("status").stdout
    wait_for(lambda: alerts() == set(), "it is over", 60.0)

    assert "TargetDown (page)  database is gone" in shown
    # Nobody delivers alerts here, and no Grafana shows them.
    assert "notifications" not in shown
    assert "/d/" not in shown
    assert fresh_lab.url("workbench", "/dashboards/") in shown


def test_data_survives_down_and_up(fresh_lab, wait_for):
    trace_id = get(fresh_lab.url("frontend", "/user/5")).headers["X-Trace-Id"]
    wait_for(lambda: fresh_lab.run("trace", trace_id).returncode == 0, "the trace has arrived")

    fresh_lab.down()
    fresh_lab.up("--no-traffic")

    assert fresh_lab.run("trace", trace_id, "--wait", "10").returncode == 0


def test_a_killed_supervisor_is_cleaned_up_by_the_next_up(fresh_lab):
    old_run = fresh_lab.state().run_id
    frontend = psutil.Process(fresh_lab.pid("frontend"))
    supervisor = psutil.Process(fresh_lab.state().supervisor.pid)
    supervisor.kill()
    psutil.wait_procs([supervisor], timeout=10)
    without_supervisor = fresh_lab.run("status")

    fresh_lab.up("--no-traffic")

    assert without_supervisor.returncode == 1
    assert not frontend.is_running()
    assert fresh_lab.state().run_id != old_run
    assert fresh_lab.run("status").returncode == 0


def test_load_that_is_ended_early_still_reports_and_leaves_nothing_running(lab):
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "lab"), "load", "--users", "2", "--duration", "1h", "--json"],
        env={**os.environ, "LAB_STATE_DIR": str(lab.state_dir)},
        stdout=subprocess.PIPE,
        text=True,
    )
    before = frontend_requests(lab)
    wait_until_requests(lab, before + 3)
    locust = psutil.Process(process.pid).children(recursive=True)

    process.terminate()
    output, _ = process.communicate(timeout=60)

    assert json.loads(output)["total"]["requests"] >= 3
    assert process.returncode == 0
    assert [child for child in locust if child.is_running()] == []


def test_locusts_own_page_is_shown_on_request(lab, wait_for):
    page = f"http://127.0.0.1:{LabPorts().shifted(lab.port_offset).locust}/"
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "lab"), "load", "--web"],
        env={**os.environ, "LAB_STATE_DIR": str(lab.state_dir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout.readline() == f"Locust's page is at {page[:-1]}; end it with Ctrl-C.\n"
        wait_for(lambda: probe(page).ok, "the page is there", 30.0)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert not probe(page).ok
