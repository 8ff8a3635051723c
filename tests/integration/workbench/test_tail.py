"""Following log lines through the workbench, over its WebSocket."""

import contextlib
import json
import socket
import time
from urllib.parse import urlencode

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.browser import running_workbench, workbench_process
from tests.integration.workbench.conftest import environment


def tail(origin, query, **parameters):
    """A tail as our own page opens it."""
    url = f"{origin.replace('http', 'ws')}/api/loki/loki/api/v1/tail?{urlencode({'query': query, **parameters})}"
    return connect(url, origin=origin, proxy=None, compression=None, max_size=None)


def push(store, service, *lines):
    start = time.time_ns()
    values = [[str(start + number), line, {"pod": "a"}] for number, line in enumerate(lines)]
    body = {"streams": [{"stream": {"service": service}, "values": values}]}
    assert store.post("loki", "/loki/api/v1/push", body).status == 204


def receive(client):
    return json.loads(client.recv(timeout=20))


def lines_of(message):
    return [value[1] for stream in message["streams"] for value in stream["values"]]


def closing(client):
    """Why a tail ended: code and sentence."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            client.recv(timeout=20)
    return client.close_code, client.close_reason


def test_lines_arrive_as_they_are_written_with_their_labels_kept_apart(store, origin):
    push(store, "tailed", "one error", "fine")
    with tail(origin, '{service="tailed"} |= "error"', limit=5) as client:
        assert lines_of(receive(client)) == ["one error"]
        push(store, "tailed", "another error", "<script>an error</script>")
        message = receive(client)

    assert lines_of(message) == ["another error", "<script>an error</script>"]
    # The labels of the stream here, what came with the line there: what a browser's WebSocket cannot ask for.
    assert "pod" not in message["streams"][0]["stream"]
    assert message["streams"][0]["values"][0][2]["structuredMetadata"]["pod"] == "a"


def test_a_query_that_loki_does_not_take_is_told_in_its_own_words(store, origin):
    with tail(origin, '{service="tailed"') as client:
        code, reason = closing(client)

    direct = store.get("loki", "/loki/api/v1/tail", query='{service="tailed"').text
    assert code == 4400
    assert reason.startswith("parse error at line 1, col ")
    assert direct.startswith(reason[:20])


def test_a_long_reason_is_cut_where_a_close_has_no_more_room(origin):
    with tail(origin, '{service="' + "ü" * 300) as client:
        code, reason = closing(client)

    assert code == 4400
    assert 0 < len(reason.encode()) <= 123


@pytest.mark.slow
def test_a_loki_that_is_gone_is_said_and_one_that_ends_ends_the_tail(own_store):
    store = own_store
    with running_workbench(environment(store)) as origin:
        with tail(origin, '{service="tailed"}') as client:
            push(store, "tailed", "one")
            assert lines_of(receive(client)) == ["one"]
            store.kill()
            assert closing(client) == (1011, "Loki ended the tail")
        with tail(origin, '{service="tailed"}') as client:
            assert closing(client)[0] == 4502
        store.start()
        with tail(origin, '{service="tailed"} != "one"') as client:
            push(store, "tailed", "two")
            assert lines_of(receive(client)) == ["two"]


def test_when_the_browser_goes_away_loki_is_not_asked_any_more(store, origin):
    port = int(store.urls["loki"].rpartition(":")[2])

    def connections():
        found = psutil.Process(store.process.pid).net_connections("tcp")
        return [one for one in found if one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port]

    before = len(connections())
    with tail(origin, '{service="tailed"}') as client:
        wait_for(lambda: len(connections()) == before + 1, "Loki is followed")
        # Without a word, as a browser that is killed.
        client.socket.shutdown(socket.SHUT_RDWR)
        wait_for(lambda: len(connections()) <= before, "Loki is left")


def test_the_workbench_ends_at_once_while_somebody_follows(own_store):
    store = own_store
    with running_workbench(environment(store)) as origin, tail(origin, '{service="tailed"}') as client:
        push(store, "tailed", "one")
        receive(client)
        workbench_process(origin).terminate()
        code, _ = closing(client)

    assert code in (1001, 1011, 1012)


def wait_for(condition, what):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"not within 20 s: {what}"
        time.sleep(0.02)
