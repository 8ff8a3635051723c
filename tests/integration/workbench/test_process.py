"""The workbench as a process: how it starts, what it says when it cannot, what it costs, and a note that it leaves."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlencode

import pytest
import urllib3

from lab.manifest import discover
from lab.paths import REPOSITORY
from tests.browser import running_workbench, workbench_process
from tests.machine import free_port

http_pool = urllib3.PoolManager(retries=False, timeout=30)


def start(**variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    return subprocess.run(
        [sys.executable, "-m", "workbench"],
        cwd=REPOSITORY,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"WORKBENCH_PORT": "80000"},
            "workbench: WORKBENCH_PORT='80000' cannot be used: give a number from 1 to 65535 (port to listen on)\n",
        ),
        (
            {"WORKBENCH_SYSTEMS": "shop"},
            f"workbench: WORKBENCH_SYSTEMS names a system 'shop'; there are: {', '.join(discover())}\n",
        ),
    ],
)
def test_a_wrong_setting_ends_the_start_with_one_line_that_names_it(variables, sentence):
    ended = start(**variables)

    assert (ended.returncode, ended.stderr, ended.stdout) == (1, sentence, "")


def test_a_port_that_is_taken_is_said_with_the_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start(WORKBENCH_PORT=str(port))

    assert ended.returncode == 1
    assert ended.stderr == (
        f"workbench: port {port} on 127.0.0.1 is in use. Stop what listens there, or set WORKBENCH_PORT\n"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_this_machines_is_said(host):
    ended = start(WORKBENCH_HOST=host, WORKBENCH_PORT=str(free_port()))

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"workbench: cannot listen on {host}:")
    assert "Set WORKBENCH_HOST and WORKBENCH_PORT" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked_without_a_word(number):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench"],
        cwd=REPOSITORY,
        env={**os.environ, "WORKBENCH_PORT": str(port)},
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 20
        while process.poll() is None:
            assert time.monotonic() < deadline, "it does not answer"
            try:
                with socket.create_connection(("127.0.0.1", port), 1):
                    break
            except OSError:
                time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()

    assert (process.returncode, said) == (0, b"")


def test_a_note_from_the_page_is_a_line_in_loki_as_lab_annotate_writes_it(store, origin):
    def write(**note):
        headers = {"Content-Type": "application/json", "Origin": origin, "Sec-Fetch-Site": "same-origin"}
        return http_pool.request("POST", f"{origin}/api/annotations", body=json.dumps(note), headers=headers)

    written = write(text="  version 2 \n <b>is out</b> ", kind="deploy", service="backend")

    assert written.status == 201
    fields = json.loads(written.data)
    assert (fields["message"], fields["kind"], fields["target_service"]) == (
        "version 2 <b>is out</b>",
        "deploy",
        "backend",
    )
    assert [json.loads(line) for line in store.lines('{service="lab", level="info"}')] == [fields]
    query = urlencode({"query": '{service="lab"} | json | kind="deploy"'})
    assert b"version 2 " in http_pool.request("GET", f"{origin}/api/loki/loki/api/v1/query_range?{query}").data


def test_it_is_small(store, origin):
    """What the page costs on a laptop; docs/performance.md has the figures."""
    for path in ("/", "/dashboards/chain-overview", "/api/prometheus/api/v1/query?query=up"):
        http_pool.request("GET", origin + path)

    assert workbench_process(origin).memory_full_info().uss < 60e6


def test_what_it_does_not_need_is_not_loaded():
    """Each of these costs a tenth of a second and ten megabytes."""
    program = "import sys, workbench.app; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=30
    ).stdout.split()

    assert "workbench.relay" in loaded
    assert not {"requests", "rich", "numpy", "flask", "psutil", "click"} & set(loaded)


def test_two_workbenches_run_side_by_side(origin):
    with running_workbench({}) as other:
        assert other != origin
        assert http_pool.request("GET", f"{other}/health").status == 200
        assert http_pool.request("GET", f"{origin}/health").status == 200
