"""The process itself: how it starts, what it says when it cannot, how it ends, how soon data shows."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telemetry_store", *arguments],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_a_port_in_use_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run("--prometheus-port", "0", "--loki-port", str(port), "--data-dir", str(tmp_path / "data"))
    assert result.returncode == 69
    assert result.stderr == (
        f"telemetry_store: port {port} on 127.0.0.1 is in use. "
        "Stop what listens there, or choose another --loki-port.\n"
    )


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a directory")
    ports = [f"--{name}-port=0" for name in ("prometheus", "loki", "tempo", "otlp")]
    result = run(*ports, "--data-dir", str(tmp_path / "data"))
    assert result.returncode == 73
    assert str(tmp_path / "data") in result.stderr
    assert "--data-dir" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_second_store_is_kept_out_of_the_same_directory(store: Any) -> None:
    ports = [f"--{name}-port=0" for name in ("prometheus", "loki", "tempo", "otlp")]
    result = run(*ports, "--data-dir", str(store.data_directory))
    assert result.returncode == 73
    assert "another telemetry_store is using it" in result.stderr


def test_a_wrong_rule_file_ends_the_start_and_is_named_with_its_place(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text("groups: [{name: lab, rules: [{record: answer, expr: 'sum by ('}]}]")
    ports = [f"--{name}-port=0" for name in ("prometheus", "loki", "tempo", "otlp")]
    result = run(*ports, "--data-dir", str(tmp_path / "data"), "--rule-files", str(rules))
    assert result.returncode == 78
    assert f"the rule files cannot be used:\n{rules}: " in result.stderr
    assert 'group "lab", rule 1, "answer"' in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("option", "value"), [("--loki-port", "70000"), ("--scrape-interval", "0"), ("--retention-hours", "-1")]
)
def test_a_wrong_option_is_refused_with_its_name(option: str, value: str) -> None:
    result = run(option, value)
    assert result.returncode == 2
    assert option in result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_when_asked(start_store: Callable[..., Any], number: signal.Signals) -> None:
    store = start_store()
    os.kill(store.process.pid, number)
    assert store.stop() == 0
    # Everything is in the database files themselves, none in a log beside them.
    assert sorted(file.name for file in store.data_directory.iterdir()) == ["logs.db", "metrics.db", "traces.db"]


def test_every_api_says_that_it_is_ready(store: Any) -> None:
    assert store.get("prometheus", "/-/ready").text == "Prometheus Server is Ready.\n"
    assert store.get("prometheus", "/-/healthy").text == "Prometheus Server is Healthy.\n"
    assert store.get("loki", "/ready").text == "ready\n"
    assert store.get("tempo", "/ready").text == "ready\n"
    assert store.get("tempo", "/api/echo").text == "echo\n"
    assert store.get("prometheus", "/api/v1/status/buildinfo").json["status"] == "success"


@pytest.mark.parametrize(
    ("chosen", "urls"),
    [
        ("prometheus", ["prometheus"]),
        ("loki", ["loki"]),
        ("tempo", ["tempo", "otlp"]),
        ("tempo,loki", ["loki", "tempo", "otlp"]),
    ],
)
def test_only_the_apis_that_are_asked_for_take_their_ports(
    start_store: Callable[..., Any], chosen: str, urls: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as real_server:
        taken = str(real_server.getsockname()[1])
        others = [f"--{api}-port={taken}" for api in ("prometheus", "loki", "tempo", "otlp") if api not in urls]
        store = start_store("--apis", chosen, *others)
    assert list(store.urls) == urls
    for api in set(urls) - {"otlp"}:
        assert store.get(api, "/-/ready" if api == "prometheus" else "/ready").status == 200
    assert store.stop() == 0
    files = {"prometheus": "metrics.db", "loki": "logs.db", "tempo": "traces.db"}
    kept = sorted(file.name for file in store.data_directory.iterdir())
    assert kept == sorted(files[api] for api in chosen.split(","))


@pytest.mark.parametrize("chosen", ["", "mimir", "loki,mimir"])
def test_an_api_that_there_is_not_is_refused_with_those_that_there_are(chosen: str) -> None:
    result = run("--apis", chosen)
    assert result.returncode == 2
    assert "is not a choice of prometheus, loki, tempo" in result.stderr


@pytest.mark.parametrize("api", ["prometheus", "loki", "tempo"])
def test_every_api_serves_the_stores_own_metrics(store: Any, api: str) -> None:
    answer = store.get(api, "/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    for name in ("loki_distributor_lines_received_total", "tempo_distributor_spans_received_total", "process_"):
        assert name in answer.text


@pytest.mark.parametrize("api", ["prometheus", "loki", "tempo", "otlp"])
def test_an_unknown_path_is_answered_as_a_go_server_does(store: Any, api: str) -> None:
    answer = store.get(api, "/no/such/path")
    assert (answer.status, answer.text) == (404, "404 page not found\n")


def test_no_other_origin_may_read_the_answers(store: Any) -> None:
    answer = store.get("prometheus", "/api/v1/labels", headers={"Origin": "http://127.0.0.1:8000"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_line_and_a_trace_are_visible_as_soon_as_they_are_acknowledged(store: Any, push_of: Any, otlp: Any) -> None:
    span, request_of = otlp
    for number in range(1, 20):
        assert store.post("loki", "/loki/api/v1/push", push_of(f"now {number}", service="soon")).status == 204
        assert store.lines('{service="soon"}')[0] == f"now {number}"
        assert store.post("otlp", "/v1/traces", request_of(span(number, trace=number))).status == 200
        assert store.get("tempo", f"/api/traces/{number:032x}").status == 200
        found = store.get("tempo", "/api/search", q=f'{{ name = "span {number}" }}').json["traces"]
        assert [trace["traceID"] for trace in found] == [f"{number:x}"]


@pytest.mark.slow
def test_old_data_goes_when_it_is_past_its_time(start_store: Callable[..., Any], poll: Any) -> None:
    from telemetry_store.logs.storage import LogStorage
    from telemetry_store.retention import Retention

    store = start_store()
    now = time.time_ns()
    hour = 3600 * 10**9
    values = [[str(now - age * hour), f"{age} hours old"] for age in range(5)]
    push = {"streams": [{"stream": {"service": "a"}, "values": values}]}
    assert store.post("loki", "/loki/api/v1/push", push).status == 204
    assert store.stop() == 0
    storage = LogStorage(store.data_directory)
    Retention((storage,), hours=2.5, megabytes=0).apply()
    # What was in one batch with younger lines leaves the log with the next packing.
    storage.checkpoint()
    storage.close()
    store.start()
    start = str(now - 10 * hour)
    assert store.lines('{service="a"}', start=start) == ["0 hours old", "1 hours old", "2 hours old"]
