"""Following a query over a WebSocket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from simple_websocket import Client, ConnectionClosed

from telemetry_store.logs.head import Entries
from telemetry_store.logs.reading import Stream
from telemetry_store.logs.tail import WAITING_LINES, Follower
from telemetry_store.matchers import Matcher


@contextmanager
def tail(store: Any, query: str, headers: dict[str, str] | None = None, **parameters: Any) -> Iterator[Client]:
    url = store.urls["loki"].replace("http", "ws") + "/loki/api/v1/tail?"
    client = Client(url + urlencode({"query": query, **parameters}), headers=headers or {})
    try:
        yield client
    finally:
        leave(client)


def leave(client: Client) -> None:
    with suppress(ConnectionClosed):
        client.close()
    # The client's thread closes the socket only when the other side is gone first.
    client.thread.join(20)
    client.sock.close()


def push(store: Any, service: str, *lines: str, **metadata: str) -> None:
    start = time.time_ns()
    values = [[str(start + number), line, metadata] for number, line in enumerate(lines)]
    body = {"streams": [{"stream": {"service_name": service}, "values": values}]}
    assert store.post("loki", "/loki/api/v1/push", body).status == 204


def receive(client: Client) -> Any:
    message = client.receive(timeout=20)
    assert message is not None
    return json.loads(message)


def lines_of(message: Any) -> list[str]:
    return [value[1] for stream in message["streams"] for value in stream["values"]]


def test_a_tail_begins_with_the_newest_lines_and_goes_on_with_what_arrives(store: Any) -> None:
    push(store, "shop", "one error", "two errors", "three errors", "fine")
    with tail(store, '{service_name="shop"} |= "error"', limit=2) as client:
        assert lines_of(receive(client)) == ["two errors", "three errors"]
        push(store, "other", "an error elsewhere")
        push(store, "shop", "fine again", "four errors")
        assert lines_of(receive(client)) == ["four errors"]


def test_a_tail_goes_through_the_whole_pipeline(store: Any) -> None:
    with tail(store, '{service_name="pipe"} | logfmt | took > 5ms | line_format "{{.user}}"') as client:
        push(store, "pipe", "user=a took=1ms", "user=b took=9ms")
        (stream,) = receive(client)["streams"]
    assert [value[1] for value in stream["values"]] == ["b"]
    assert stream["stream"] == {"service_name": "pipe", "detected_level": "unknown", "user": "b", "took": "9ms"}


def test_grafanas_flag_keeps_metadata_apart(store: Any) -> None:
    headers = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
    with tail(store, '{service_name="apart"}', headers) as client:
        push(store, "apart", "x", pod="p-1")
        message = receive(client)
    assert message["encodingFlags"] == ["categorize-labels"]
    assert message["streams"][0]["stream"] == {"service_name": "apart"}
    assert message["streams"][0]["values"][0][2] == {"structuredMetadata": {"detected_level": "unknown", "pod": "p-1"}}


@pytest.mark.parametrize(
    "parameters",
    [{"query": '{a="b"'}, {"query": 'rate({a="b"}[1m])'}, {"query": '{a="b"}', "delay_for": "x"}, {"query": ""}],
)
def test_a_wrong_request_is_refused_before_the_connection_changes(store: Any, parameters: dict[str, str]) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    answer = store.get("loki", "/loki/api/v1/tail", upgrade, **parameters)
    assert answer.status == 400
    assert answer.text
    # The store closes the connection: a client must not ask the next thing over it.
    assert answer.headers["Connection"] == "close"


def test_more_than_ten_tails_are_turned_away(start_store: Callable[..., Any]) -> None:
    store = start_store()
    url = store.urls["loki"].replace("http", "ws") + "/loki/api/v1/tail?" + urlencode({"query": '{a="b"}'})
    clients = [Client(url) for _ in range(11)]
    # This client loses the reason when it comes together with the end of the handshake.
    with pytest.raises(ConnectionClosed):
        clients[-1].receive(timeout=20)
    assert all(client.receive(timeout=0) is None for client in clients[:10])
    for client in clients:
        leave(client)


def test_the_store_ends_in_order_while_somebody_follows(start_store: Callable[..., Any]) -> None:
    store = start_store()
    with tail(store, '{service_name="end"}') as client:
        push(store, "end", "x")
        receive(client)
        assert store.stop() == 0
        with pytest.raises(ConnectionClosed):
            client.receive(timeout=20)


def test_a_client_that_is_too_slow_is_told_what_it_missed() -> None:
    follower = Follower((Matcher("a", "=", "b"),), lambda: None)
    entries = Entries()
    for number in range(WAITING_LINES + 3):
        entries.add(number, b"x")
    follower.observe(Stream(1, {"a": "b"}), entries)
    follower.observe(Stream(2, {"a": "c"}), entries)
    arrivals, dropped = follower.take()
    assert arrivals.span() == (0, WAITING_LINES - 1)
    assert dropped == [(WAITING_LINES + number, {"a": "b"}) for number in range(3)]
    assert follower.take()[0].span() is None
