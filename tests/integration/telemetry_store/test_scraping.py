"""Scraping real HTTP targets: both formats, labels, exemplars, staleness, and what the API says about targets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


class Target:
    """A metrics page that a test can change."""

    def __init__(self) -> None:
        self.page = ""
        self.content_type = "text/plain; version=0.0.4"
        self.status = 200
        #: Where a path is answered from, when not from where it is.
        self.redirects: dict[str, str] = {}
        self.accepts: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.accepts.append(self.headers["Accept"])
                if self.path in outer.redirects:
                    self.send_response(302)
                    self.send_header("Location", outer.redirects[self.path])
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                body = outer.page.encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", outer.content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def target() -> Iterator[Target]:
    target = Target()
    yield target
    target.close()


def scrape(store: Any, *targets: Target, **labels: str) -> None:
    groups = [{"targets": [target.address], "labels": labels} for target in targets]
    store.targets_file.write_text(json.dumps(groups))


def label_sets(store: Any, query: str) -> list[dict[str, str]]:
    return [json.loads(key) for key in store.vector(query)]


def test_a_sample_carries_the_labels_of_its_target(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any]
) -> None:
    store = start_store()
    target.page = 'requests_total{method="GET",job="its own"} 7\n'
    scrape(store, target, job="chain", service="frontend")
    labels = {"job": "chain", "service": "frontend", "instance": target.address}
    poll(lambda: store.vector("requests_total"))
    assert label_sets(store, "requests_total") == [
        {"__name__": "requests_total", "method": "GET", "exported_job": "its own", **labels}
    ]
    assert label_sets(store, 'up{job="chain"} == 1') == [{"__name__": "up", **labels}]
    assert list(store.vector("scrape_samples_scraped").values()) == [1.0]
    assert list(store.vector("scrape_duration_seconds > 0"))
    assert target.accepts[0].startswith("application/openmetrics-text;version=1.0.0")


def test_exemplars_of_an_openmetrics_page_are_found_by_their_series(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any]
) -> None:
    store = start_store()
    target.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    target.page = (
        "# HELP latency_seconds How long it took.\n# TYPE latency_seconds histogram\n# UNIT latency_seconds seconds\n"
        'latency_seconds_bucket{le="0.1"} 3 # {trace_id="abc"} 0.05\nlatency_seconds_bucket{le="+Inf"} 4\n'
        "latency_seconds_sum 1.5\nlatency_seconds_count 4\n# EOF\n"
    )
    scrape(store, target, job="chain")
    found = poll(
        lambda: store.get(
            "prometheus", "/api/v1/query_exemplars", query="histogram_quantile(0.9, latency_seconds_bucket)"
        ).json["data"]
    )
    (series,) = found
    assert series["seriesLabels"]["le"] == "0.1"
    first = series["exemplars"][0]
    assert (first["labels"], first["value"]) == ({"trace_id": "abc"}, "0.05")
    assert store.get("prometheus", "/api/v1/metadata", metric="latency_seconds").json["data"] == {
        "latency_seconds": [{"type": "histogram", "help": "How long it took.", "unit": "seconds"}]
    }


def test_a_series_that_is_gone_ends_at_once(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any]
) -> None:
    store = start_store()
    target.page = "stays 1\ngoes 1\n"
    scrape(store, target)
    poll(lambda: store.vector("goes"))
    target.page = "stays 1\n"
    poll(lambda: not store.vector("goes"))
    assert store.vector("stays")


def test_a_target_that_fails_is_down_and_its_series_end(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any]
) -> None:
    store = start_store()
    target.page = "something 1\n"
    scrape(store, target)
    poll(lambda: store.vector("something"))
    target.status = 500
    poll(lambda: list(store.vector("up").values()) == [0.0])
    assert not store.vector("something")
    (known,) = store.get("prometheus", "/api/v1/targets").json["data"]["activeTargets"]
    assert known["health"] == "down"
    assert known["lastError"].startswith("server returned HTTP status 500")
    assert known["scrapeUrl"] == f"http://{target.address}/metrics"


@pytest.mark.parametrize(
    ("page", "error"),
    [
        ("good 1\nbroken{ 2\n", "line 2"),
        ("good 1\nx nan_1\n", "line 2"),
        ('good 1\nx{a="1",a="2"} 2\n', "line 2"),
    ],
)
def test_nothing_of_a_broken_page_is_stored(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any], page: str, error: str
) -> None:
    store = start_store()
    target.page = page
    scrape(store, target)
    poll(lambda: list(store.vector("up").values()) == [0.0])
    assert not store.vector('{__name__=~"good|broken|x"}')
    (known,) = store.get("prometheus", "/api/v1/targets").json["data"]["activeTargets"]
    assert error in known["lastError"]


@pytest.mark.slow
def test_a_target_that_leaves_the_file_ends_with_all_its_series(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any]
) -> None:
    store = start_store()
    target.page = "something 1\n"
    scrape(store, target)
    poll(lambda: store.vector("something"))
    store.targets_file.write_text("[]")
    poll(lambda: not store.vector('{__name__=~".+"}'))
    assert store.get("prometheus", "/api/v1/targets").json["data"] == {"activeTargets": [], "droppedTargets": []}


def test_a_file_that_goes_ends_its_series_by_staleness_markers(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any], tmp_path: Path
) -> None:
    target.page = "loadtest_users 10\n"
    directory = tmp_path / "targets"
    directory.mkdir()
    store = start_store("--targets-file", f"{directory}/*.json")
    announced = directory / "loadtest.json"
    announced.write_text(json.dumps([{"targets": [target.address], "labels": {"job": "loadtest"}}]))
    poll(lambda: store.vector("loadtest_users"))
    (known,) = targets_of(store)
    assert (known["scrapePool"], known["labels"]["job"]) == ("file_sd", "loadtest")
    assert known["discoveredLabels"]["__meta_filepath"] == str(announced)
    announced.unlink()
    poll(lambda: not store.vector('{__name__=~".+"}'))
    # Gone now, but not forgotten: a staleness marker hides a series from this moment on only.
    assert store.vector("last_over_time(loadtest_users[1m])")
    assert targets_of(store) == []


@pytest.mark.slow
def test_a_broken_targets_file_leaves_the_targets_as_they_were(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any]
) -> None:
    store = start_store()
    target.page = "something 1\n"
    scrape(store, target)
    poll(lambda: store.vector("something"))
    store.targets_file.write_text('[{"targets": "not a list"}]')
    asked = len(target.accepts)
    poll(lambda: len(target.accepts) > asked + 3)
    assert store.vector("something")


def test_the_store_scrapes_itself_and_counts_what_arrives(
    start_store: Callable[..., Any], poll: Callable[..., Any], push_of: Callable[..., Any], otlp: Any
) -> None:
    store = start_store()
    address = store.urls["prometheus"].removeprefix("http://")
    store.targets_file.write_text(json.dumps([{"targets": [address], "labels": {"job": "store"}}]))
    span, request_of = otlp
    assert store.post("loki", "/loki/api/v1/push", push_of("one", "two", service="a")).status == 204
    assert store.post("otlp", "/v1/traces", request_of(span(1), span(2), span(3))).status == 200
    poll(lambda: list(store.vector("loki_distributor_lines_received_total").values()) == [2.0])
    poll(lambda: list(store.vector("tempo_distributor_spans_received_total").values()) == [3.0])
    poll(lambda: list(store.vector("rate(prometheus_tsdb_head_samples_appended_total[1m]) > 0")))


def test_a_target_that_moved_is_followed(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any]
) -> None:
    store = start_store()
    target.page, target.redirects = "moved 1\n", {"/metrics": "/elsewhere"}
    scrape(store, target)
    assert list(poll(lambda: store.vector("moved")).values()) == [1.0]


def test_a_page_that_breaks_off_counts_what_was_read(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any]
) -> None:
    store = start_store()
    target.page = "good 1\nbetter 2\nbad bad\n"
    scrape(store, target)
    assert list(poll(lambda: store.vector("scrape_samples_scraped")).values()) == [2.0]
    assert list(store.vector("up").values()) == [0.0]
    assert store.vector("good") == {}


@pytest.mark.slow
def test_a_target_that_is_not_there_is_told_of_in_gos_words(
    start_store: Callable[..., Any], poll: Callable[..., Any]
) -> None:
    store = start_store()
    gone = Target()
    gone.close()
    scrape(store, gone)
    (told,) = poll(lambda: [t for t in targets_of(store) if t["health"] == "down"])
    assert (
        told["lastError"]
        == f'Get "http://{gone.address}/metrics": dial tcp {gone.address}: connect: connection refused'
    )
    assert told["discoveredLabels"]["__scrape_interval__"] == told["scrapeInterval"] == "200ms"


def targets_of(store: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = store.get("prometheus", "/api/v1/targets").json["data"]["activeTargets"]
    return found


@pytest.mark.slow
def test_an_exemplar_without_a_time_that_stays_the_same_is_kept_once(
    start_store: Callable[..., Any], target: Target, poll: Callable[..., Any]
) -> None:
    store = start_store()
    target.content_type = "application/openmetrics-text; version=1.0.0"
    target.page = 'a_total 1 # {trace_id="first"} 1\n# EOF\n'
    scrape(store, target)
    poll(lambda: store.vector("count_over_time(a_total[1m]) > 3"))
    found = store.get("prometheus", "/api/v1/query_exemplars", query="a_total").json["data"]
    assert [len(series["exemplars"]) for series in found] == [1]
