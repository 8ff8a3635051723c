"""The load test's own metrics: what Locust counts is what a scraper has seen at the end, however the end comes."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from frontend_service.metrics import FrontendMetrics
from systems.exchange import application
from tests.machine import free_port

REPOSITORY = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 30

#: A user who asks two things all the time, one of which fails.
LOCUSTFILE = """
from locust import HttpUser, constant, task

class Visitor(HttpUser):
    wait_time = constant(0.02)

    @task(3)
    def page(self):
        self.client.get("/page")

    @task
    def broken(self):
        self.client.get("/broken", name="/broken <page>")
"""


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked += 1
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    server.asked = 0
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class LoadTest:
    """A Locust process with the plugins, and one who scrapes it."""

    def __init__(self, directory, site, *arguments, port=None, targets=None):
        (directory / "visitor.py").write_text(LOCUSTFILE)
        self.targets = directory / "targets" if targets is None else targets
        self.targets.mkdir(exist_ok=True)
        self.report_file = directory / f"report-{free_port()}.json"
        self.port = port or free_port()
        self.scraped = []
        files = [directory / "visitor.py", *(REPOSITORY / "loadtest" / name for name in ("report.py", "metrics.py"))]
        command = [sys.executable, "-m", "locust", "-f", ",".join(map(str, files)), "--host"]
        command += [f"http://127.0.0.1:{site.server_port}", "--headless", "--only-summary", "--users", "3"]
        self.process = subprocess.Popen(
            [*command, "--spawn-rate", "3", "--exit-code-on-error", "0", "--stop-timeout", "5", *arguments],
            cwd=directory,
            env={
                **os.environ,
                "LOADTEST_METRICS_ADDRESS": f"127.0.0.1:{self.port}",
                "LOADTEST_TARGETS_DIR": str(self.targets),
                "LOADTEST_REPORT": str(self.report_file),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_for(self, condition):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (value := condition()):
            assert time.monotonic() < deadline, "not in time"
            assert self.process.poll() is None, self.process.communicate()[0]
            time.sleep(0.05)
        return value

    def announced(self):
        return {file.name: json.loads(file.read_text()) for file in sorted(self.targets.glob("*.json"))}

    def scrape(self):
        """One look, as a Prometheus has it; None when nobody answers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/metrics", headers={"User-Agent": "Prometheus/3.14.0"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                page = answer.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return None
        samples = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        }
        self.scraped.append(samples)
        return samples

    def scrape_to_the_end(self):
        """Scrapes every quarter of a second until the process ends; returns what it printed."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self.scrape()
            time.sleep(0.25)
        return self.end()

    def end(self):
        output = self.process.communicate(timeout=PATIENCE_SECONDS)[0]
        assert self.process.returncode == 0, output
        return output

    def totals(self):
        """By name of request, its successes, failures and observed durations, at the last scrape."""
        found = {}
        for (name, *pairs), value in self.scraped[-1].items():
            labels = dict(pairs)
            if name in ("loadtest_requests_total", "loadtest_request_duration_seconds_count"):
                found.setdefault(labels["name"], {})[labels.get("result", "durations")] = value
        return found

    def reported(self):
        return {
            entry["name"]: {
                "success": entry["requests"] - entry["failures"],
                "failure": entry["failures"],
                "durations": entry["requests"],
            }
            for entry in json.loads(self.report_file.read_text())["requests"]
        }


@pytest.fixture
def start(tmp_path, site):
    started = []

    def start_one(*arguments, **more):
        started.append(LoadTest(tmp_path, site, *arguments, **more))
        return started[-1]

    yield start_one
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


@pytest.mark.slow
def test_the_last_scrape_has_what_the_report_and_the_site_have(start, site):
    test = start("--run-time", "2s")
    test.wait_for(test.scrape)
    labels = {"job": "loadtest", "service": "loadtest", "system": "visitor"}
    assert test.announced() == {"loadtest.json": [{"targets": [f"127.0.0.1:{test.port}"], "labels": labels}]}
    test.scrape_to_the_end()

    assert test.totals() == test.reported()
    assert sum(each["durations"] for each in test.totals().values()) == site.asked
    assert test.totals()["/broken <page>"]["failure"] > 0
    assert test.announced() == {}
    users = [samples["loadtest_users",] for samples in test.scraped]
    assert (max(users), users[-1]) == (3, 0)


@pytest.mark.slow
def test_the_documentation_lists_the_metrics_that_are_served(start):
    test = start("--run-time", "1s")
    test.wait_for(lambda: (test.scrape() or {}) and test.totals())
    test.scrape_to_the_end()

    page = (REPOSITORY / "docs" / "signals.md").read_text().split("## A load test")[1]
    told = {
        line.split("`")[1]: re.findall(r"`(\w+)`", line.rpartition("|")[0].rsplit("|", 1)[1])
        for line in page.splitlines()
        if line.startswith("| `")
    }
    served = {}
    for name, *pairs in test.scraped[-1]:
        family = re.sub("_(bucket|sum|count)$", "", name)
        served.setdefault(family, sorted(label for label, _ in pairs if label != "le"))
    assert told == served


def test_durations_can_be_laid_over_those_that_each_system_measures(start):
    test = start("--run-time", "1s")
    test.wait_for(lambda: (test.scrape() or {}) and test.totals())
    test.scrape_to_the_end()

    bounds = {float(dict(labels)["le"]) for name, *labels in test.scraped[-1] if name.endswith("_bucket")}
    own = [*FrontendMetrics(CollectorRegistry()).request_duration_seconds._upper_bounds, *application._BUCKETS]
    assert set(own) <= bounds


@pytest.mark.slow
def test_every_counter_begins_at_zero_for_each_who_looks(start):
    test = start("--run-time", "2s")
    key = ("loadtest_requests_total", ("method", "GET"), ("name", "/page"), ("result", "success"))
    # Somebody else's look takes nothing from the one who scrapes.
    test.wait_for(lambda: urllib_text(f"http://127.0.0.1:{test.port}/metrics").count("/page"))
    test.scrape_to_the_end()

    counts = [samples[key] for samples in test.scraped if key in samples]
    assert counts[0] == 0
    assert counts[1] > 0
    assert counts == sorted(counts)


def urllib_text(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_load_test_that_is_cut_short_is_scraped_to_its_end_and_leaves_nothing(start, number):
    test = start()
    test.wait_for(lambda: (test.scrape() or {}) and test.totals().get("/page", {}).get("success"))
    test.process.send_signal(number)
    test.scrape_to_the_end()

    assert test.totals() == test.reported()
    assert test.announced() == {}


@pytest.mark.slow
def test_who_is_told_twice_to_end_does_not_wait_for_a_scrape(start):
    test = start()
    test.wait_for(test.scrape)
    test.process.send_signal(signal.SIGTERM)
    test.wait_for(test.report_file.exists)
    began = time.monotonic()
    test.process.send_signal(signal.SIGINT)
    test.process.communicate(timeout=PATIENCE_SECONDS)

    assert time.monotonic() - began < 10
    assert test.announced() == {}
    assert test.reported()


@pytest.mark.slow
def test_the_master_of_a_distributed_run_has_its_workers_numbers(start, site, tmp_path):
    port = free_port()
    master = start("--master", "--master-bind-host=127.0.0.1", f"--master-bind-port={port}", "--expect-workers=1",
                   "--run-time", "2s")  # fmt: skip
    worker = subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", f"{tmp_path / 'visitor.py'},{REPOSITORY / 'loadtest' / 'metrics.py'}",
         "--worker", "--master-host=127.0.0.1", f"--master-port={port}"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "LOADTEST_TARGETS_DIR": str(master.targets)},
    )  # fmt: skip
    try:
        master.scrape_to_the_end()
        worker.wait(PATIENCE_SECONDS)
    finally:
        worker.kill()
        worker.wait()

    assert master.totals() == master.reported()
    assert sum(each["durations"] for each in master.totals().values()) == site.asked
    # The worker announced nothing of its own.
    assert all(samples["loadtest_users",] <= 3 for samples in master.scraped)
    assert master.announced() == {}


@pytest.mark.slow
def test_two_load_tests_at_once_have_a_port_and_a_file_each(start):
    first = start("--run-time", "4s")
    first.wait_for(first.scrape)
    second = start("--run-time", "1s", port=first.port, targets=first.targets)
    names = second.wait_for(lambda: len(found := first.announced()) == 2 and found)
    own, other = sorted(names)
    assert own == f"loadtest-{names[own][0]['targets'][0].rpartition(':')[2]}.json"
    assert other == "loadtest.json"
    second.port = int(own.removesuffix(".json").rpartition("-")[2])
    assert "is in use, the load test's metrics are at" in second.scrape_to_the_end()
    assert second.totals() == second.reported()
    assert list(first.announced()) == ["loadtest.json"]
    first.scrape_to_the_end()
    assert first.announced() == {}


@pytest.mark.slow
def test_a_directory_that_cannot_be_written_stops_nothing(start, tmp_path):
    (tmp_path / "targets").write_text("a file, not a directory")
    test = start("--run-time", "1s", targets=NotMade(tmp_path / "targets"))
    output = test.end()

    assert "nobody will scrape the load test" in output
    assert test.reported()


class NotMade(type(Path())):
    """A path that is left as it is."""

    def mkdir(self, **_):
        pass
