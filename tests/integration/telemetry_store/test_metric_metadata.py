"""What the Prometheus API says about series, labels and the process, by time and selectors, and in its words."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PAGE = b"""# HELP jobs_total Jobs done.
# TYPE jobs_total counter
jobs_total{kind="a"} 3
jobs_total{kind="b"} 4
# TYPE load gauge
load 0.5
old_sample{kind="c"} 7 1000
"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def scraping(store: Any) -> Iterator[Any]:
    """A store that scrapes one page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    store.targets_file.write_text(
        json.dumps([{"targets": [f"127.0.0.1:{server.server_port}"], "labels": {"job": "page"}}])
    )
    yield store
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def asked(scraping: Any, poll: Callable[..., Any]) -> Callable[..., Any]:
    """Asks the store when it has scraped, and gives back status and JSON."""
    poll(lambda: scraping.vector("load"))

    def ask(path: str, **parameters: Any) -> tuple[int, Any]:
        answer = scraping.get("prometheus", path, **parameters)
        return answer.status, answer.json

    return ask


def test_series_and_labels_are_those_of_any_selector(asked: Callable[..., Any]) -> None:
    _, answer = asked("/api/v1/series", **{"match[]": ['jobs_total{kind="a"}', "load", 'jobs_total{kind=~"a|x"}']})
    assert [(s["__name__"], s.get("kind")) for s in answer["data"]] == [("jobs_total", "a"), ("load", None)]
    assert asked("/api/v1/labels", **{"match[]": ["load", "jobs_total"]})[1]["data"] == [
        "__name__", "instance", "job", "kind",
    ]  # fmt: skip
    assert asked("/api/v1/label/kind/values", **{"match[]": "jobs_total"})[1]["data"] == ["a", "b"]
    assert asked("/api/v1/label/kind/values", limit=2)[1] == {
        "status": "success", "data": ["a", "b"], "warnings": ["results truncated due to limit"],
    }  # fmt: skip


def test_start_and_end_choose_what_lived_then(asked: Callable[..., Any]) -> None:
    assert asked("/api/v1/label/__name__/values", start=0, end=10)[1]["data"] == ["old_sample"]
    assert asked("/api/v1/label/kind/values", start=100)[1]["data"] == ["a", "b"]
    assert asked("/api/v1/series", start=2, end=100, **{"match[]": "old_sample"})[1]["data"] == []
    assert asked("/api/v1/labels", start=5, end=1)[1]["data"] == []


@pytest.mark.parametrize(
    ("path", "parameters", "message"),
    [
        ("series", {}, "no match[] parameter provided"),
        ("series", {"match[]": ""}, 'invalid parameter "match[]": 1:1: parse error: unexpected end of input'),
        (
            "series",
            {"match[]": '{a=~".*"}'},
            'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
        ),
        ("labels", {"match[]": "{"}, "1:2: parse error: unexpected end of input inside braces"),
        ("label/a-b/values", {}, 'invalid label name: "a-b"'),
        ("metadata", {"limit": "x"}, "limit must be a number"),
        (
            "targets/metadata",
            {"match_target": "x{"},
            'invalid parameter "match_target": 1:3: parse error: unexpected end of input inside braces',
        ),
    ],
)
def test_what_is_wrong_is_said_in_prometheus_words(
    asked: Callable[..., Any], path: str, parameters: dict[str, str], message: str
) -> None:
    assert asked(f"/api/v1/{path}", **parameters) == (
        400, {"status": "error", "errorType": "bad_data", "error": message},
    )  # fmt: skip


def test_metadata_is_told_for_all_targets_and_target_by_target(asked: Callable[..., Any]) -> None:
    counter = {"type": "counter", "help": "Jobs done.", "unit": ""}
    assert asked("/api/v1/metadata", metric="jobs_total")[1]["data"] == {"jobs_total": [counter]}
    assert asked("/api/v1/metadata", limit=0)[1]["data"] == {}
    [row] = asked("/api/v1/targets/metadata", metric="jobs_total", match_target='{job="page"}')[1]["data"]
    assert row == {"target": {"instance": row["target"]["instance"], "job": "page"}, **counter}
    assert asked("/api/v1/targets/metadata", match_target='{job="other"}')[1]["data"] == []
    # Of what has neither type nor help, nothing is said.
    assert [row["metric"] for row in asked("/api/v1/targets/metadata")[1]["data"]] == ["jobs_total", "load"]


def test_targets_are_chosen_by_state_and_pool(asked: Callable[..., Any]) -> None:
    [target] = asked("/api/v1/targets", state="active", scrapePool="file_sd")[1]["data"]["activeTargets"]
    assert (target["health"], target["scrapePool"], target["lastError"]) == ("up", "file_sd", "")
    assert target["globalUrl"] == target["scrapeUrl"]
    assert asked("/api/v1/targets", scrapePool="other")[1]["data"]["activeTargets"] == []
    assert asked("/api/v1/targets", state="dropped")[1]["data"] == {"activeTargets": [], "droppedTargets": []}
    assert asked("/api/v1/scrape_pools")[1]["data"] == {"scrapePools": ["file_sd"]}


def test_status_tells_about_the_process_and_its_series(asked: Callable[..., Any], scraping: Any) -> None:
    head = asked("/api/v1/status/tsdb", limit=1)[1]["data"]
    assert head["headStats"]["minTime"] == 1000
    assert head["labelValueCountByLabelName"] == [{"name": "__name__", "value": 8}]
    assert asked("/api/v1/status/runtimeinfo")[1]["data"]["reloadConfigSuccess"] is True
    assert "scrape_interval: 0.2s" in asked("/api/v1/status/config")[1]["data"]["yaml"]
    assert asked("/api/v1/status/flags")[1]["data"]["query.lookback-delta"] == "5m"
    assert asked("/version")[1] == asked("/api/v1/status/buildinfo")[1]["data"]


def test_federation_gives_the_last_samples_as_a_page(asked: Callable[..., Any], scraping: Any) -> None:
    page = scraping.get("prometheus", "/federate", **{"match[]": ["load", 'jobs_total{kind="a"}', "nothing"]}).text
    lines = [line.rsplit(" ", 1)[0] for line in page.splitlines()]
    instance = lines[1].split('instance="')[1].split('"')[0]
    assert lines == [
        "# TYPE jobs_total", f'jobs_total{{instance="{instance}",job="page",kind="a"}} 3',
        "# TYPE load", f'load{{instance="{instance}",job="page"}} 0.5',
    ]  # fmt: skip
    assert scraping.get("prometheus", "/federate", **{"match[]": "{"}).status == 400
