"""Notifications over a real WebSocket: who is told what, and how a conversation ends."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from observability import Telemetry
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.events import Publisher, outbox
from systems.exchange.notification_service import stream
from systems.exchange.notification_service.app import create_app
from systems.exchange.tokens import Tokens
from tests.integration.exchange.backing import Watched, until
from tests.integration.exchange.stand_in import Services, standing_in

KEYS = "a key of the exchange that is long enough"
TRADE = {
    "execution_id": 1,
    "symbol": "ACRN",
    "price_cents": 4250,
    "quantity": 3,
    "buy_order_id": 10,
    "sell_order_id": 11,
    "buyer_id": 1,
    "seller_id": 2,
    "taker_side": "buy",
}
MARKET = {"symbol": "ACRN", "bids": [[4200, 5]], "asks": [], "trades": []}


class Notifications:
    """The service on a port of its own."""

    def __init__(self, url: str, telemetry: Telemetry, tokens: Tokens) -> None:
        self.url = url
        self.telemetry = telemetry
        self.tokens = tokens

    def value(self, name: str, **labels: str) -> float | None:
        return self.telemetry.registry.get_sample_value(name, labels)

    @contextmanager
    def open(self, user_id: int, *symbols: str) -> Iterator[ClientConnection]:
        """A connection of this user that was welcomed."""
        # What is not read must not hide in the client's library. Who reads nothing does not hear of the end either.
        with connect(self.url, max_queue=1, close_timeout=0.5) as connection:
            token = self.tokens.issue(user_id, f"user {user_id}").text
            say(connection, type="hello", token=token, symbols=list(symbols))
            assert hear(connection) == {"type": "welcome", "user_id": user_id}
            yield connection


def say(connection: ClientConnection, **message: Any) -> None:
    connection.send(json.dumps(message))


def hear(connection: ClientConnection, seconds: float = 10) -> dict[str, Any]:
    message = json.loads(connection.recv(timeout=seconds))
    assert isinstance(message, dict)
    return message


def end_of(connection: ClientConnection) -> tuple[int, str]:
    """Code and sentence of the end, after whatever still comes."""
    with suppress(ConnectionClosed):
        while True:
            connection.recv(timeout=10)
    with pytest.raises(ConnectionClosed) as closed:
        connection.recv(timeout=10)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.fixture
def users() -> Iterator[Services]:
    with standing_in() as users:
        yield users


Start = Callable[..., Notifications]


@pytest.fixture
def start(postgresql_url: str, redis_url: str, users: Services, exchange_telemetry: Watched) -> Iterator[Start]:
    """`start(STREAM_QUEUE="4")`"""
    stops: list[Callable[[], None]] = []

    def start(*, token_seconds: float = 3600, **settings: str) -> Notifications:
        telemetry = exchange_telemetry.of("notification-service")
        environ = {
            "EXCHANGE_DATABASE_URL": postgresql_url,
            "EXCHANGE_REDIS_URL": redis_url,
            "EXCHANGE_JWT_KEYS": KEYS,
            "USER_SERVICE_URL": users.url,
            **settings,
        }
        listener = socket.create_server(("127.0.0.1", 0))
        # Nor in the kernel.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        app = create_app(environ, telemetry=telemetry)
        server = uvicorn.Server(
            uvicorn.Config(app, ws="websockets-sansio", log_config=None, lifespan="on", timeout_graceful_shutdown=2)
        )
        thread = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[listener]),))
        thread.start()
        until(lambda: server.started)

        def stop() -> None:
            server.should_exit = True
            thread.join(15)
            listener.close()

        stops.append(stop)
        tokens = Tokens(KEYS, telemetry, lifetime_seconds=token_seconds, leeway_seconds=30)
        return Notifications(f"ws://127.0.0.1:{listener.getsockname()[1]}/stream", telemetry, tokens)

    yield start
    for stop in stops:
        stop()


@pytest.fixture
def happen(database: Database, redis: Redis, telemetry: Telemetry) -> Callable[..., str]:
    """`happen("trades", "trade_executed", {…})`: the event is written and published; the trace it is part of."""
    publisher = Publisher(database, redis, telemetry)

    def happen(stream: str, name: str, payload: dict[str, Any]) -> str:
        with telemetry.span("the cause") as span:
            with database.transaction() as transaction:
                event = outbox.add(transaction, stream, name, payload)
            publisher.publish([event])
        return format(span.get_span_context().trace_id, "032x")

    return happen


def test_both_sides_of_a_trade_are_told_with_its_trace_and_nobody_else(
    start: Start, happen: Callable[..., str]
) -> None:
    service = start()
    with service.open(1) as buyer, service.open(2) as seller, service.open(3) as other:
        trace_id = happen("trades", "trade_executed", TRADE)
        common = {
            "type": "fill",
            "execution_id": 1,
            "symbol": "ACRN",
            "price_cents": 4250,
            "quantity": 3,
            "trace_id": trace_id,
        }
        assert hear(buyer) == {**common, "order_id": 10, "side": "buy"}
        assert hear(seller) == {**common, "order_id": 11, "side": "sell"}
        say(other, type="ping")
        assert hear(other) == {"type": "pong"}


def test_the_owner_is_told_why_an_order_is_closed(start: Start, happen: Callable[..., str]) -> None:
    with start().open(7) as owner:
        trace_id = happen(
            "trades",
            "order_closed",
            {"order_id": 5, "user_id": 7, "symbol": "TUBA", "reason": "self_trade", "remaining": 4},
        )
        assert hear(owner) == {
            "type": "order_closed",
            "order_id": 5,
            "symbol": "TUBA",
            "reason": "self_trade",
            "trace_id": trace_id,
        }


def test_market_data_comes_to_whoever_follows_the_symbol(start: Start, happen: Callable[..., str]) -> None:
    service = start()
    with service.open(1, "ACRN") as follower, service.open(2, "TUBA") as other:
        happen("market_data", "market_data", MARKET)
        assert hear(follower) == {**MARKET, "type": "market_data"}
        say(other, type="follow", symbols=["ACRN", "BRZY"])
        assert hear(other) == {"type": "following", "symbols": ["ACRN", "BRZY"]}
        happen("market_data", "market_data", MARKET)
        assert hear(other) == {**MARKET, "type": "market_data"}


def test_one_who_does_not_read_is_let_go_and_the_others_lose_nothing(start: Start, happen: Callable[..., str]) -> None:
    service = start(STREAM_QUEUE="4")
    large = {**MARKET, "bids": [[price, 1] for price in range(40_000)]}
    with service.open(1, "ACRN"), service.open(2) as other:
        # The first one reads nothing: what waits for it grows past its queue.
        for _ in range(16):
            happen("market_data", "market_data", large)
        until(lambda: service.value("exchange_websockets_ended_total", reason="too_slow") == 1)
        happen("trades", "trade_executed", TRADE)
        assert hear(other)["type"] == "fill"
        assert service.value("exchange_websockets") == 1


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "hello"}, 4401),
        ({"type": "ping"}, 4401),
        ({"type": "hello", "token": "nonsense"}, 4401),
        (["hello"], 4400),
    ],
)
def test_who_does_not_begin_with_a_token_is_refused_with_a_reason(start: Start, message: Any, code: int) -> None:
    service = start()
    with connect(service.url) as connection:
        connection.send(json.dumps(message))
        refused, sentence = end_of(connection)
    assert refused == code
    assert sentence


def test_a_token_that_was_logged_out_is_refused(start: Start, users: Services) -> None:
    service = start()
    users.answers["GET /me"] = (401, {"error": {"type": "revoked_token", "message": "logged out"}})
    with connect(service.url) as connection:
        say(connection, type="hello", token=service.tokens.issue(1, "ada").text)
        assert end_of(connection)[0] == 4401


def test_a_conversation_ends_when_its_token_is_logged_out(
    start: Start, users: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_CHECK_SECONDS", 0.05)
    service = start()
    with service.open(1) as connection:
        # That nobody can be asked for a while is no reason to end.
        users.answers["GET /me"] = (503, {"error": {"type": "postgresql_unavailable", "message": "away"}})
        asked = len(users.asked)
        until(lambda: len(users.asked) > asked + 4)
        say(connection, type="ping")
        assert hear(connection) == {"type": "pong"}
        users.answers["GET /me"] = (401, {"error": {"type": "revoked_token", "message": "logged out"}})
        assert end_of(connection) == (4401, "the token is worth nothing any more: log in again")


def test_while_nobody_can_be_asked_newcomers_are_asked_to_come_later(start: Start, users: Services) -> None:
    service = start()
    users.answers["GET /me"] = (503, {"error": {"type": "postgresql_unavailable", "message": "away"}})
    with connect(service.url) as connection:
        say(connection, type="hello", token=service.tokens.issue(1, "ada").text)
        assert end_of(connection)[0] == 1013


def test_nobody_takes_all_connections(start: Start) -> None:
    service = start(STREAM_CLIENTS_OF_USER="2")
    with service.open(1), service.open(1), connect(service.url) as third:
        say(third, type="hello", token=service.tokens.issue(1, "ada").text)
        assert end_of(third)[0] == 1013
        with service.open(2):
            assert service.value("exchange_websockets") == 3


def test_those_who_do_not_say_who_they_are_keep_others_out_for_seconds_at_most(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_HELLO_SECONDS", 0.5)
    service = start(STREAM_CLIENTS="1")
    with connect(service.url) as silent:
        with pytest.raises(InvalidStatus, match="403"), connect(service.url):
            pass
        assert end_of(silent)[0] == 4401
    with service.open(1):
        assert service.value("exchange_websockets_ended_total", reason="full") == 1


def test_who_says_what_is_no_message_is_let_go(start: Start) -> None:
    service = start()
    for wrong in ("not json", '{"type": "shout"}', '{"type": "follow", "symbols": ["NOPE"]}', '{"type": "follow"}'):
        with service.open(1) as connection:
            connection.send(wrong)
            assert end_of(connection)[0] == 4400


def test_a_conversation_ends_with_its_token(start: Start) -> None:
    with start(token_seconds=1).open(1) as connection:
        assert end_of(connection)[0] == 4401


def test_past_the_limit_newcomers_are_asked_to_come_later(start: Start) -> None:
    service = start(STREAM_CLIENTS="1")
    with service.open(1), connect(service.url) as second:
        say(second, type="hello", token=service.tokens.issue(2, "bob").text)
        assert end_of(second)[0] == 1013
    until(lambda: service.value("exchange_websockets") == 0)
    with service.open(2):
        assert service.value("exchange_websockets") == 1


def test_the_token_is_in_no_span_and_no_line(start: Start, exchange_telemetry: Watched) -> None:
    service = start()
    token = service.tokens.issue(1, "ada").text
    with connect(service.url) as connection:
        say(connection, type="hello", token=token)
        hear(connection)
    assert [span.name for span in exchange_telemetry.named("open_stream")] == ["open_stream"]
    told = repr([dict(span.attributes or {}) for span in exchange_telemetry.spans]) + repr(exchange_telemetry.lines)
    assert token not in told
